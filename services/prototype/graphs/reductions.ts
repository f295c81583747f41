import { BATCH, type Value } from '../../engine/graph.ts';
import type { GraphBuilder } from '../../engine/graphBuilder.ts';

/** Σ over everything but the batch, [N, 1]. */
export function sumOfItem(g: GraphBuilder, value: Value): Value {
  const axes = value.shape.slice(1).map((_, axis) => axis + 1);
  return g.reshape(g.reduceSum(value, axes), [BATCH, 1]);
}

/** One number per row, [N, 1], in a rank in which it broadcasts to values [N, ...]. */
export function spreadRows(g: GraphBuilder, perRow: Value, rank: number): Value {
  return g.reshape(perRow, [BATCH, ...new Array<number>(rank - 1).fill(1)]);
}
