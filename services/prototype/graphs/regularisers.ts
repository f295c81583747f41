import type { Value } from '../../engine/graph.ts';
import type { GraphBuilder } from '../../engine/graphBuilder.ts';
import type { Term } from './likelihood.ts';
import { sumOfItem } from './reductions.ts';

/** ‖x − x₀‖², derivative 2 (x − x₀). */
export function squaredDistance(g: GraphBuilder, x: Value, reference: Value): Term {
  const difference = g.sub(x, reference);
  return { value: sumOfItem(g, g.square(difference)), derivative: g.mul(g.scalar(2), difference) };
}

/**
 * Σ (x_p − x_q)² over all pairs of neighbours p, q along every axis after the channels (Mahendran and Vedaldi 2015 with
 * β = 2).
 * @param x [N, C, ...] with at least one axis after the channels
 */
export function totalVariation(g: GraphBuilder, x: Value): Term {
  const axes = x.shape.map((_, axis) => axis).filter((axis) => axis >= 2 && (x.shape[axis] ?? 0) > 1);
  const parts = axes.map((axis) => variationAlong(g, x, axis));
  const [first, ...others] = parts;
  if (first === undefined) return { value: sumOfItem(g, g.sub(x, x)), derivative: g.sub(x, x) };
  return others.reduce(
    (sum, part) => ({ value: g.add(sum.value, part.value), derivative: g.add(sum.derivative, part.derivative) }),
    first,
  );
}

function variationAlong(g: GraphBuilder, x: Value, axis: number): Term {
  const origin = x.shape.map(() => 0);
  const size = x.shape.map((length, k) => (k === axis ? length - 1 : length));
  const after = g.slice(x, origin.with(axis, 1), size);
  const difference = g.sub(after, g.slice(x, origin, size));
  const padded = (before: number) =>
    g.pad(
      difference,
      x.shape.map((_, k) => (k === axis ? [before, 1 - before] : [0, 0])),
    );
  return {
    value: sumOfItem(g, g.square(difference)),
    derivative: g.mul(g.scalar(2), g.sub(padded(1), padded(0))),
  };
}
