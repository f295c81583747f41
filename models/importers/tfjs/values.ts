import type { Pair } from '../../network.ts';
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
  /** Whether it is a signal, [steps, channels] in Keras; here that is an image of one row, [C, 1, L]. */
  readonly signal: boolean;
}

/** A value that Keras orders as we do, up to the channel axis of an image. */
export function plainValue(index: number, shape: Shape): KerasValue {
  const blocks = shape.length === 1 ? [{ channels: sizeOf(shape), cells: 1 }] : [];
  return { index, shape, blocks, signal: false };
}

/** What a layer makes of an image or a signal, which stays one. */
export function derivedValue(input: KerasValue, index: number, shape: Shape): KerasValue {
  return { ...plainValue(index, shape), signal: input.signal };
}

/** How many axes a value has in Keras, without the batch. */
export function kerasRank({ shape, signal }: KerasValue): number {
  return signal ? 2 : shape.length;
}

/** Our axis (0 is the first after the batch) of Keras' (which counts the batch); negative ones count from the end. */
export function axisOf(axis: number, value: KerasValue, channelsLast: boolean): number {
  const rank = kerasRank(value);
  const positive = (axis < 0 ? axis + rank + 1 : axis) - 1;
  if (positive < 0 || positive >= rank) throw new ImportFault(`axis ${axis} of values of rank ${rank}`);
  if (value.signal) return (positive === 0) === channelsLast ? 2 : 0;
  return rank === 3 && channelsLast ? (positive + 1) % 3 : positive;
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

/** The only input of a layer over images. @throws ImportFault */
export function imageInput(inputs: readonly KerasValue[]): KerasValue {
  const input = onlyInput(inputs);
  if (input.shape.length !== 3 || input.signal) throw new ImportFault(`takes an image, got ${described(input)}`);
  return input;
}

/** The only input of a layer over signals. @throws ImportFault */
export function signalInput(inputs: readonly KerasValue[]): KerasValue {
  const input = onlyInput(inputs);
  if (!input.signal) throw new ImportFault(`takes a signal, got ${described(input)}`);
  return input;
}

function described({ shape, signal }: KerasValue): string {
  return signal ? `a signal [${shape[0]}, ${shape[2]}]` : `the shape [${shape.join(', ')}]`;
}

/** Height and width of an image; a signal has the height 1. */
export function sidesOf({ shape: [, height = 0, width = 0] }: KerasValue): Pair {
  return [height, width];
}
