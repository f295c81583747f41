import { isSameShape } from '../../../shapes.ts';
import type { Shape } from '../../../tensors/tensor.ts';
import { sizeOf } from '../../../tensors/tensor.ts';
import type { DraftBuilder } from '../../canonical/draft.ts';
import type { GraphBuilding } from './operation.ts';
import { type Computed, shapeOf } from './values.ts';

/** A value that is laid out as a layer needs it. */
export interface Arranged {
  /** Index in the draft. */
  readonly index: number;
  readonly shape: Shape;
  /** For each of TensorFlow's axes behind the batch: the draft's. */
  readonly places: readonly number[];
}

/**
 * Lays a value out with its axes in the given order (of TensorFlow's, from 0 behind the batch). Values of two axes become
 * images of one row, so that signals stay what layers over images take. Adds a `permute` only where the values are in
 * another order.
 */
export function arranged(name: string, value: Computed, order: readonly number[], draft: DraftBuilder): Arranged {
  const sides = shapeOf(value);
  const dense = order.map((axis) => sides[axis] ?? 1);
  const isSignal = order.length === 2;
  const shape = isSignal ? [dense[0] ?? 1, 1, dense[1] ?? 1] : dense;
  const places = sides.map((_, axis) => order.indexOf(axis) * (isSignal ? 2 : 1));
  return { index: shaped(name, inSequence(name, value, order, draft), shape, draft), shape, places };
}

/** Layer whose values are in the given order of TensorFlow's axes, whatever its shape. */
export function inSequence(name: string, value: Computed, order: readonly number[], draft: DraftBuilder): number {
  const ranks = ranksOf(value);
  const sequence = order.flatMap((axis) => value.axes[axis] ?? []).flatMap((part) => ranks.get(part) ?? []);
  if (sequence.every((rank, at) => rank === at)) return value.index;
  const runs = consecutiveRuns(sequence);
  const before = [...runs].sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0));
  const long = value.sides.filter((side) => side !== 1);
  const shape = before.map((run) => sizeOf(run.map((rank) => long[rank] ?? 1)));
  const input = shaped(`${name}/apart`, value.index, shape, draft);
  return draft.add({
    type: 'permute',
    name: `${name}/permute`,
    inputs: [input],
    order: runs.map((run) => before.indexOf(run)),
  });
}

/** The layer itself, or behind a `reshape`. */
export function shaped(name: string, index: number, shape: Shape, draft: DraftBuilder): number {
  if (isSameShape(draft.shapeOf(index), shape)) return index;
  return draft.add({ type: 'reshape', name: `${name}/reshape`, inputs: [index], shape });
}

/**
 * The order of TensorFlow's axes in which the draft has the values; TensorFlow's own when an axis is spread over the
 * draft's. An axis of one place that the draft does not have is put where an image has it: channels first.
 */
export function naturalOrder(value: Computed, { channelsLast }: GraphBuilding): readonly number[] {
  const ranks = ranksOf(value);
  const spread = value.axes.some((parts) => {
    const own = parts.flatMap((part) => ranks.get(part) ?? []);
    return own.some((rank, at) => rank !== (own[0] ?? 0) + at);
  });
  if (spread) return value.axes.map((_, axis) => axis);
  const placed = value.axes.flatMap((parts, axis) => (parts[0] === undefined ? [] : [{ axis, part: parts[0] }]));
  const order = placed.sort((a, b) => a.part - b.part).map(({ axis }) => axis);
  for (let axis = value.axes.length - 1; axis >= 0; axis -= 1) {
    if (value.axes[axis]?.length !== 0) continue;
    const next = order.indexOf(axis + 1);
    if (channelsLast && axis === 2 && value.axes.length === 3) order.unshift(axis);
    else order.splice(next > 0 ? next : order.length, 0, axis);
  }
  return order;
}

/** The sides of more than one place, numbered in their order. */
function ranksOf({ sides }: Computed): ReadonlyMap<number, number> {
  const long = [...sides.keys()].filter((part) => sides[part] !== 1);
  return new Map(long.map((part, rank) => [part, rank]));
}

/** Splits a sequence where a number does not follow its neighbour. */
function consecutiveRuns(sequence: readonly number[]): readonly (readonly number[])[] {
  const runs: number[][] = [];
  for (const [at, rank] of sequence.entries()) {
    if (at > 0 && rank === (sequence[at - 1] ?? 0) + 1) runs.at(-1)?.push(rank);
    else runs.push([rank]);
  }
  return runs;
}
