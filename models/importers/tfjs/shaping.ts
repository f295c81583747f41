import { z } from 'zod';
import { type Shape, sizeOf } from '../../tensors/tensor.ts';
import { ImportFault } from '../faults.ts';
import { type Building, type LayerReader, reader } from './reader.ts';
import { type KerasValue, onlyInput, plainValue, requirePlain } from './values.ts';

/** Axes of [C, H, W] in the order [H, W, C], and back. */
const TO_CHANNELS_LAST = [1, 2, 0] as const;
const TO_CHANNELS_FIRST = [2, 0, 1] as const;

export const SHAPING_READERS: Readonly<Record<string, LayerReader>> = {
  Flatten: reader(z.object({ data_format: z.string().nullish() }), ({ name, config }, inputs, building) => {
    const input = onlyInput(inputs);
    const last = flattensChannelsLast(config.data_format ?? null, input, building);
    return flattened(name, input, last, building);
  }),
  Reshape: reader(z.object({ target_shape: z.array(z.int()).min(1).max(4) }), ({ name, config }, inputs, building) => {
    requirePlain(inputs);
    const input = onlyInput(inputs);
    const target = withSizes(config.target_shape, sizeOf(input.shape));
    return reshaped(name, input, target, building);
  }),
};

/** Whether the vector lists an image's channels side by side. `data_format` channels_first makes Keras transpose first. */
function flattensChannelsLast(format: string | null, input: KerasValue, { channelsLast }: Building): boolean {
  if (input.shape.length !== 3) return false;
  if (channelsLast && format === 'channels_first') {
    throw new ImportFault('data_format channels_first in a model whose images are channels_last');
  }
  return channelsLast || format === 'channels_first';
}

function flattened(name: string, input: KerasValue, channelsLast: boolean, building: Building): KerasValue {
  if (input.shape.length === 1) return input;
  const shape = [sizeOf(input.shape)];
  const reorders = channelsLast && !isOneLine(input.shape);
  if (reorders && !building.absorbsOrder(name)) {
    const permuted = permute(`${name}/permute`, input, TO_CHANNELS_LAST, building);
    return reshape(name, permuted, shape, building);
  }
  const vector = reshape(name, input, shape, building);
  const [channels = 0, ...sides] = input.shape;
  return reorders ? { ...vector, blocks: [{ channels, cells: sizeOf(sides) }] } : vector;
}

/** Reads the elements in Keras' order as another shape of Keras'. */
function reshaped(name: string, input: KerasValue, target: Shape, building: Building): KerasValue {
  if (building.signals && target.length === 2) {
    const [first = 0, second = 0] = target;
    const row = building.channelsLast ? [1, first, second] : [first, 1, second];
    return { ...reshaped(name, input, row, building), signal: true };
  }
  const fromImage = building.channelsLast && input.shape.length === 3 && !isOneLine(input.shape);
  const source = fromImage ? permute(`${name}/channels-last`, input, TO_CHANNELS_LAST, building) : input;
  if (!building.channelsLast || target.length !== 3) return reshape(name, source, target, building);
  const [height = 0, width = 0, channels = 0] = target;
  const image = [channels, height, width];
  if (isOneLine(image)) return reshape(name, source, image, building);
  const read = reshape(`${name}/channels-last`, source, target, building);
  return permute(name, read, TO_CHANNELS_FIRST, building);
}

/** Whether [C, H, W] and [H, W, C] are the same sequence of numbers. */
function isOneLine([channels = 0, ...sides]: Shape): boolean {
  return channels === 1 || sizeOf(sides) === 1;
}

function reshape(name: string, input: KerasValue, shape: Shape, { draft }: Building): KerasValue {
  return plainValue(draft.add({ type: 'reshape', name, inputs: [input.index], shape }), shape);
}

function permute(name: string, input: KerasValue, order: readonly number[], { draft }: Building): KerasValue {
  const index = draft.add({ type: 'permute', name, inputs: [input.index], order });
  return plainValue(index, draft.shapeOf(index));
}

/** A shape in which one side may be −1: what is left of `size`. */
function withSizes(target: readonly number[], size: number): Shape {
  const known = target.filter((side) => side !== -1);
  if (known.length === target.length) return target;
  if (known.length < target.length - 1 || known.some((side) => side < 1)) {
    throw new ImportFault(`target_shape [${target.join(', ')}] may leave one side open, and the others are positive`);
  }
  return target.map((side) => (side === -1 ? size / sizeOf(known) : side));
}
