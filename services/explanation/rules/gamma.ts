import type { Value } from '../../engine/graph.ts';
import { flowOf } from './contributions.ts';
import type { Flow, Part } from './flow.ts';
import { type LinearContext, type LinearRule, nonZero } from './linearRule.ts';
import { isMultiple } from './multiples.ts';

/**
 * z_j > 0: R_i = Σ_j num_ij R_j / S_ε(Σ num + b + γb⁺) with num = x⁺(w + γw⁺) + x⁻(w + γw⁻);
 * z_j < 0: num = x⁺(w + γw⁻) + x⁻(w + γw⁺), denominator Σ num + b + γb⁻; z_j = 0: nothing passes
 * (Montavon 2019; Andéol 2021). γ changes the weights, and with them the graph.
 */
export const gamma: LinearRule<'gamma'> = {
  parameters: ({ stabiliser }) => nonZero({ stabiliser }),
  flows: (context, rule) => {
    const { g, x, weight, bias, z, arriving, map } = context;
    const zero = g.scalar(0);
    const kept = rule.bias === 'keep' ? bias : null;
    const reference = kept === bias ? z : map(weight).apply(x, null);
    // Behind a ReLU whose output relevance was multiplied by, nothing arrives where z ≤ 0: the other half is not built.
    const isRectified = ({ operation, inputs }: Value) => operation.name === 'relu' && inputs[0] === reference;
    if (isMultiple(arriving, isRectified)) return [flow(context, rule.gamma, kept, 'positive', arriving)];
    const positive = g.where(g.greater(reference, zero), arriving, zero);
    const negative = g.where(g.greater(zero, reference), arriving, zero);
    const lost = g.where(g.equal(reference, zero), arriving, zero);
    return [
      { ...flow(context, rule.gamma, kept, 'positive', positive), lost },
      flow(context, rule.gamma, kept, 'negative', negative),
    ];
  },
};

function flow(
  context: LinearContext,
  factor: number,
  bias: Value | null,
  sign: 'positive' | 'negative',
  relevance: Value,
): Flow {
  const { g, x, weight, map } = context;
  const favoured = (value: Value, part: 'positive' | 'negative') =>
    g.add(value, g.mul(g.scalar(factor), part === 'positive' ? g.relu(value) : g.negativePart(value)));
  const opposite = sign === 'positive' ? 'negative' : 'positive';
  const withPositiveInput: Part = { input: g.relu(x), map: map(favoured(weight, sign)) };
  const withNegativeInput: Part = { input: g.negativePart(x), map: map(favoured(weight, opposite)) };
  const parts = x.nonNegative ? [withPositiveInput] : [withPositiveInput, withNegativeInput];
  return flowOf(context, parts, bias === null ? null : favoured(bias, sign), relevance);
}
