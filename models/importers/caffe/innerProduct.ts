import { z } from 'zod';
import { sizeOf } from '../../tensors/tensor.ts';
import { transpose } from '../../tensors/transpose.ts';
import { ImportFault } from '../faults.ts';
import { weightAndBias } from './convolution.ts';
import { biasFillerSchema, weightFillerSchema, weightSpec } from './parameters.ts';
import { axisOf, type Building, countSchema, type LayerReader, onlyInput, reader } from './reader.ts';

const innerProductSchema = z.strictObject({
  num_output: countSchema,
  bias_term: z.boolean().default(true),
  weight_filler: weightFillerSchema,
  bias_filler: biasFillerSchema,
  axis: z.int().default(1),
  transpose: z.boolean().default(false),
});

/** z = W x + b over all axes but the batch; an image is flattened first, by a layer `<name>/flatten`. */
export const INNER_PRODUCT_READERS: Readonly<Record<string, LayerReader>> = {
  InnerProduct: reader('inner_product_param', innerProductSchema, ({ name, config }, inputs, building) => {
    const { draft, parameters } = building;
    const given = onlyInput(inputs);
    const { length: rank } = draft.shapeOf(given);
    if (axisOf(config.axis, rank) !== 0) {
      throw new ImportFault(`axis ${config.axis} of ${rank + 1} axes is not supported, only 1: all but the batch`);
    }
    const input = asVector(name, given, building);
    const [size = 0] = draft.shapeOf(input);
    const outputs = config.num_output;
    const stored = config.transpose ? [size, outputs] : [outputs, size];
    const wanted = [weightSpec(stored, config.weight_filler), { shape: [outputs], initial: config.bias_filler }];
    const [values = new Float32Array(), bias] = parameters.read(name, config.bias_term ? wanted : wanted.slice(0, 1));
    const weight = config.transpose ? transpose(values, stored, [1, 0]) : values;
    return draft.add({ type: 'dense', name, inputs: [input], ...weightAndBias([outputs, size], weight, bias) });
  }),
};

function asVector(name: string, input: number, { draft }: Building): number {
  const shape = draft.shapeOf(input);
  if (shape.length === 1) return input;
  return draft.add({ type: 'reshape', name: `${name}/flatten`, inputs: [input], shape: [sizeOf(shape)] });
}
