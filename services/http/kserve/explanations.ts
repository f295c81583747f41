import { type ArrayTensor, arrayTensor, sizeOf } from '../../../models/tensors/tensor.ts';
import type { Target } from '../../../schemas/target.ts';
import type { ExplainCommand, Explanation, ExplanationService } from '../../compute/explanation.ts';
import { type NestedArray, nest } from '../serving/nestedArrays.ts';

/** The explanation of one instance, as the protocol writes it. */
export interface InstanceExplanation
  extends Pick<Explanation['items'][number], 'prediction' | 'target' | 'conservation' | 'note'> {
  readonly method: string;
  readonly relevance: NestedArray;
}

/** What one instance gave: the values of the network's outputs, and why. */
export interface ExplainedInstance {
  readonly values: readonly number[];
  readonly explanation: InstanceExplanation;
}

/**
 * Explains every row of a batch, those with the same target together.
 * @param targets one for each row
 */
export async function explainBatch(
  batch: ArrayTensor,
  targets: readonly Target[],
  command: Pick<ExplainCommand, 'model' | 'method' | 'options' | 'layer' | 'admit'>,
  service: Pick<ExplanationService, 'explain'>,
  signal: AbortSignal,
): Promise<readonly ExplainedInstance[]> {
  const answers = new Map<number, ExplainedInstance>();
  const groups = [...rowsByTarget(targets).values()].map(async ({ target, rows }) => {
    const input = { kind: 'tensor' as const, tensor: rowsOf(batch, rows) };
    const explanation = await service.explain({ ...command, target, input, picture: false }, signal);
    rows.forEach((row, n) => {
      answers.set(row, instanceOf(explanation, n));
    });
  });
  await Promise.all(groups);
  return targets.flatMap((_, row) => answers.get(row) ?? []);
}

function rowsByTarget(targets: readonly Target[]): Map<string, { target: Target; rows: number[] }> {
  const groups = new Map<string, { target: Target; rows: number[] }>();
  targets.forEach((target, row) => {
    const key = JSON.stringify(target);
    const group = groups.get(key) ?? { target, rows: [] };
    group.rows.push(row);
    groups.set(key, group);
  });
  return groups;
}

function rowsOf(batch: ArrayTensor, rows: readonly number[]): ArrayTensor {
  const [count, ...shape] = batch.shape;
  if (rows.length === count) return batch;
  const size = sizeOf(shape);
  const data = new Float32Array(rows.length * size);
  rows.forEach((row, i) => {
    data.set(batch.data.subarray(row * size, (row + 1) * size), i * size);
  });
  return arrayTensor([rows.length, ...shape], data);
}

function instanceOf({ method, relevance, items }: Explanation, row: number): ExplainedInstance {
  const item = items[row];
  if (item === undefined) throw new RangeError(`the explanation has no item ${row}`);
  const { values, prediction, target, conservation, note } = item;
  const shape = relevance.shape.slice(1);
  const size = sizeOf(shape);
  const own = nest(relevance.data.subarray(row * size, (row + 1) * size), shape);
  return { values, explanation: { method, relevance: own, prediction, target, conservation, note } };
}
