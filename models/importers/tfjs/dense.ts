import { z } from 'zod';
import { type ArrayTensor, arrayTensor } from '../../tensors/tensor.ts';
import { ImportFault } from '../faults.ts';
import { activated, activationSchema } from './activations.ts';
import { biasOf } from './convolution.ts';
import { type Building, countSchema, type LayerReader, reader, useBiasSchema } from './reader.ts';
import { derivedValue, type KerasValue, onlyInput, placesOf, plainValue } from './values.ts';

const dense = z.object({ units: countSchema, activation: activationSchema, use_bias: useBiasSchema });

export const DENSE_READERS: Readonly<Record<string, LayerReader>> = {
  Dense: reader(dense, ({ name, config }, inputs, building) => {
    const given = onlyInput(inputs);
    const input = asVector(name, given, building);
    const index = building.draft.add({
      type: 'dense',
      name,
      inputs: [input.index],
      weight: denseWeight(name, config.units, input, building),
      bias: biasOf(name, config.use_bias, config.units, building),
    });
    const output = activated(building, name, plainValue(index, building.draft.shapeOf(index)), config.activation);
    return given.shape.length === 1 ? output : asPixel(name, output, given, building);
  }),
};

/** Keras' kernel [in, out], its rows in Keras' order of the vector, as [out, in] in ours. */
function denseWeight(name: string, units: number, input: KerasValue, { weights }: Building): ArrayTensor {
  const kernel = weights.read(name, 'kernel', [input.shape[0] ?? 0, units]);
  return transposedRows(kernel, units, placesOf(input));
}

/** Outputs that are transposed together: as many values as fit into a cache line. */
const LINE = 16;

/** A kernel [in, out] as [out, in]; row k of the kernel becomes column `places[k]`. */
export function transposedRows(kernel: Float32Array, units: number, places: Int32Array): ArrayTensor {
  const size = places.length;
  const rows = new Int32Array(size);
  for (const [row, place] of places.entries()) rows[place] = row;
  const weight = new Float32Array(kernel.length);
  for (let first = 0; first < units; first += LINE) {
    const last = Math.min(first + LINE, units);
    for (let place = 0; place < size; place += 1) {
      const begin = (rows[place] ?? 0) * units;
      for (let unit = first; unit < last; unit += 1) weight[unit * size + place] = kernel[begin + unit] ?? 0;
    }
  }
  return arrayTensor([units, size], weight);
}

/**
 * A dense layer works on the last axis of whatever it gets; here only a vector and an image, or
 * signal, of one place are the same.
 */
function asVector(name: string, input: KerasValue, { draft, channelsLast }: Building): KerasValue {
  if (input.shape.length === 1) return input;
  const [channels = 0, ...sides] = input.shape;
  if (!channelsLast || sides.length !== 2 || sides.some((side) => side !== 1)) {
    throw new ImportFault(
      `is applied to the shape [${input.shape.join(', ')}]; only a vector is supported (Flatten first)`,
    );
  }
  const shape = [channels];
  return plainValue(draft.add({ type: 'reshape', name: `${name}/flatten`, inputs: [input.index], shape }), shape);
}

function asPixel(name: string, vector: KerasValue, given: KerasValue, { draft }: Building): KerasValue {
  const shape = [...vector.shape, 1, 1];
  return derivedValue(
    given,
    draft.add({ type: 'reshape', name: `${name}/pixel`, inputs: [vector.index], shape }),
    shape,
  );
}
