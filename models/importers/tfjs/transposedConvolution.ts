import { z } from 'zod';
import type { Padding, Pair } from '../../network.ts';
import { ImportFault } from '../faults.ts';
import { activated, activationSchema } from './activations.ts';
import { biasOf, inOrder } from './convolution.ts';
import { countSchema, type LayerReader, reader, useBiasSchema } from './reader.ts';
import { derivedValue } from './values.ts';
import { ALONG_SIGNALS, OVER_IMAGES, paddingSchema, type Sliding } from './windows.ts';

function transposedSchema({ extent }: Sliding) {
  return z.object({
    filters: countSchema,
    kernel_size: extent,
    strides: extent.prefault(1),
    padding: paddingSchema.default('valid'),
    output_padding: z.unknown().optional(),
    dilation_rate: extent.prefault(1),
    activation: activationSchema,
    use_bias: useBiasSchema,
  });
}

export const TRANSPOSED_READERS: Readonly<Record<string, LayerReader>> = {
  Conv1DTranspose: transposedReader(ALONG_SIGNALS),
  Conv2DTranspose: transposedReader(OVER_IMAGES),
};

function transposedReader(sliding: Sliding): LayerReader {
  return reader(transposedSchema(sliding), ({ name, config }, inputs, building) => {
    const input = sliding.input(inputs);
    const { filters, kernel_size: kernel, strides: stride, dilation_rate: dilation } = config;
    if ((config.output_padding ?? null) !== null) throw new ImportFault('output_padding is not supported');
    if (dilation.some((rate) => rate !== 1)) throw new ImportFault('dilation_rate is not supported');
    const shape = [...kernel, filters, input.shape[0] ?? 0];
    const values = building.weights.read(name, 'kernel', shape.slice(2 - sliding.axes));
    const index = building.draft.add({
      type: 'conv2dTranspose',
      name,
      inputs: [input.index],
      weight: inOrder(values, shape, [3, 2, 0, 1]),
      bias: biasOf(name, config.use_bias, filters, building),
      stride,
      dilation,
      groups: 1,
      ...borders(config.padding, kernel, stride),
    });
    const output = derivedValue(input, index, building.draft.shapeOf(index));
    return activated(building, name, output, config.activation);
  });
}

/**
 * Keras makes size·stride cells of `size` with `same` padding, and at least as many with `valid`: where windows do not
 * reach that far, zeros follow; where they reach farther, `same` cuts the rest off, half of it (rounded down) before.
 */
function borders(mode: 'valid' | 'same', kernel: Pair, stride: Pair): { padding: Padding; outputPadding: Pair } {
  const along = (axis: 0 | 1) => {
    const excess = kernel[axis] - stride[axis];
    const cut = mode === 'same' ? Math.max(excess, 0) : 0;
    return { before: Math.floor(cut / 2), after: Math.ceil(cut / 2), added: Math.max(-excess, 0) };
  };
  const [rows, columns] = [along(0), along(1)];
  return {
    padding: [rows.before, columns.before, rows.after, columns.after],
    outputPadding: [rows.added, columns.added],
  };
}
