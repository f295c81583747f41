import type { Value } from '../../engine/graph.ts';
import type { Flow, Part } from './flow.ts';
import type { ForwardContext, LinearContext } from './linearRule.ts';

/**
 * The positive contributions x⁺w⁺ + x⁻w⁻, or the absolute values of the negative ones, |x⁺w⁻ + x⁻w⁺|. All inputs and
 * weights here are ≥ 0, so that graphs know the sign of the sums; terms with x⁻ are left out where x ≥ 0.
 */
export function contributions({ g, x, weight, map }: ForwardContext, sign: 'positive' | 'negative'): readonly Part[] {
  const positive = map(g.relu(weight));
  const negative = map(g.relu(g.neg(weight)));
  const [same, opposite] = sign === 'positive' ? [positive, negative] : [negative, positive];
  const withPositiveInput: Part = { input: g.relu(x), map: same };
  return x.nonNegative ? [withPositiveInput] : [withPositiveInput, { input: g.relu(g.neg(x)), map: opposite }];
}

/** Σ over the parts of x_i w_ij, plus the bias. */
export function sumOfParts({ g, x }: ForwardContext, parts: readonly Part[], bias: Value | null): Value {
  const ones = () => g.constant({ kind: 'array', shape: [1, ...x.shape.slice(1)], data: onesOf(x) });
  const sums = parts.map(({ input, map }, i) => map.apply(input ?? ones(), i === 0 ? bias : null));
  return sums.reduce((sum, part) => g.add(sum, part));
}

/** Relevance shared by these parts, with the bias (a vector, or null) in the denominator. */
export function flowOf(context: LinearContext, parts: readonly Part[], bias: Value | null, relevance: Value): Flow {
  return {
    parts,
    z: sumOfParts(context, parts, bias),
    bias: bias === null ? null : context.perOutput(bias),
    epsilon: context.parameter('stabiliser'),
    relevance,
  };
}

function onesOf(x: Value): Float32Array {
  return new Float32Array(x.shape.slice(1).reduce((size, length) => size * length, 1)).fill(1);
}
