import type { Shape } from '../../tensors/tensor.ts';
import { sizeOf } from '../../tensors/tensor.ts';
import { ImportFault } from '../faults.ts';

/**
 * A run of a vector's elements that Keras orders cell by cell (a flattened [H, W, C]) and we channel by channel (a
 * flattened [C, H, W]). With one cell the orders are the same.
 */
export interface Block {
  readonly channels: number;
  readonly cells: number;
}

/** What a Keras layer computes, as a value of our draft. An image is [C, H, W] here whatever its order in Keras. */
export interface KerasValue {
  /** Index in the draft. */
  readonly index: number;
  readonly shape: Shape;
  /** Of a vector: how Keras orders it. Empty for other shapes. */
  readonly blocks: readonly Block[];
}

/** A value that Keras orders as we do, up to the channel axis of an image. */
export function plainValue(index: number, shape: Shape): KerasValue {
  return { index, shape, blocks: shape.length === 1 ? [{ channels: sizeOf(shape), cells: 1 }] : [] };
}

/** For each place in the vector as Keras orders it: its place in ours. */
export function placesOf(vector: KerasValue): Int32Array {
  const places = new Int32Array(sizeOf(vector.shape));
  let begin = 0;
  for (const { channels, cells } of vector.blocks) {
    for (let k = 0; k < channels * cells; k += 1) {
      places[begin + k] = begin + (k % channels) * cells + Math.floor(k / channels);
    }
    begin += channels * cells;
  }
  return places;
}

/** Whether Keras orders a value as we do (up to the channel axis of an image). */
export function isPlain({ blocks }: KerasValue): boolean {
  return blocks.every(({ channels, cells }) => channels === 1 || cells === 1);
}

/** Refuses vectors in an order of Keras'; the importer never gives one to a layer that cannot take it. */
export function requirePlain(inputs: readonly KerasValue[]): void {
  if (!inputs.every(isPlain)) throw new ImportFault('reads a flattened image in an order that is not supported');
}

/** The only input of a layer. @throws ImportFault */
export function onlyInput(inputs: readonly KerasValue[]): KerasValue {
  const [input] = inputs;
  if (input === undefined || inputs.length > 1) throw new ImportFault(`takes one input, got ${inputs.length}`);
  return input;
}

/** The only input of a layer, an image. @throws ImportFault */
export function imageInput(inputs: readonly KerasValue[]): KerasValue {
  const input = onlyInput(inputs);
  if (input.shape.length !== 3) throw new ImportFault(`takes an image, got the shape [${input.shape.join(', ')}]`);
  return input;
}
