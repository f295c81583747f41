import { type ArrayTensor, arrayTensor, type Shape, sizeOf } from '../../models/tensors/tensor.ts';
import type { NamedTensors } from '../engine/engine.ts';
import { EXPLAIN, type PlanInput, type RunRequest } from './plan.ts';
import { INPUT, TARGET } from './target.ts';

/** A part of a driver that asks for runs and returns a result of its own. */
export type Runs<Result> = Generator<RunRequest, Result, NamedTensors>;

/** What the first run of a driver with several runs finds out. */
export interface FirstRun {
  readonly outputs: NamedTensors;
  /**
   * The target of every item with the predicted output, or the position of a channel's maximum, filled in: so that perturbed
   * inputs are explained for the same one.
   */
  readonly target: ArrayTensor;
}

/** Runs the inputs as they are, and fixes what is explained. */
export function* firstRun({ input, target }: Pick<PlanInput, 'input' | 'target'>): Runs<FirstRun> {
  const outputs = yield { graph: EXPLAIN, inputs: { [INPUT]: input, [TARGET]: target } };
  return { outputs, target: outputOf(outputs, 'resolved') };
}

/**
 * Runs many rows in batches that respect the memory bound, and hands each row's results over as they come.
 * @param shape of an input, without the batch
 * @param maxBatch most rows of one run
 * @param count number of rows
 * @param fill writes the input of a row, and returns the item whose target it is run for
 * @param take receives a row's outputs
 */
export function* runRows(
  shape: Shape,
  maxBatch: number,
  target: ArrayTensor,
  count: number,
  fill: (row: number, into: Float32Array) => number,
  take: (row: number, output: (name: string) => Float32Array) => void,
): Runs<void> {
  const [size, width] = [sizeOf(shape), target.shape[1] ?? 0];
  for (let from = 0; from < count; from += maxBatch) {
    const rows = Math.min(maxBatch, count - from);
    const inputs = new Float32Array(rows * size);
    const targets = new Float32Array(rows * width);
    for (let i = 0; i < rows; i += 1) {
      const item = fill(from + i, inputs.subarray(i * size, (i + 1) * size));
      targets.set(rowOf(target, item), i * width);
    }
    const named = { [INPUT]: arrayTensor([rows, ...shape], inputs), [TARGET]: arrayTensor([rows, width], targets) };
    const outputs = yield { graph: EXPLAIN, inputs: named };
    for (let i = 0; i < rows; i += 1) take(from + i, (name) => rowOf(outputOf(outputs, name), i));
  }
}

/** One item's values of a batch. */
export function rowOf({ shape, data }: ArrayTensor, row: number): Float32Array {
  const size = sizeOf(shape.slice(1));
  return data.subarray(row * size, (row + 1) * size);
}

export function outputOf(outputs: NamedTensors, name: string): ArrayTensor {
  const output = outputs[name];
  if (output === undefined) throw new RangeError(`the graph has no output ${name}`);
  return output;
}

/** An empty tensor for one result per item. */
export function perItem(items: number, shape: Shape): ArrayTensor {
  return arrayTensor([items, ...shape], new Float32Array(items * sizeOf(shape)));
}
