import type { Value } from '../../engine/graph.ts';
import type { GraphBuilder } from '../../engine/graphBuilder.ts';
import { contributions, flowOf, sumOfParts } from './contributions.ts';
import type { Flow } from './flow.ts';
import { type ForwardContext, type LinearContext, type LinearRule, nonZero } from './linearRule.ts';

/**
 * R_i = Σ_j [α P_ij / S_ε(ΣP + b_j⁺) − β N_ij / S_ε(ΣN + b_j⁻)] R_j with P = x⁺w⁺ + x⁻w⁻ and N = x⁺w⁻ + x⁻w⁺,
 * α − β = 1 (Bach 2015, eq. 60). `fallback`: where ΣN + b⁻ = 0, α = 1 and β = 0, else relevance would be created there.
 */
export const alphaBeta: LinearRule<'alpha-beta'> = {
  parameters: ({ alpha, beta, stabiliser }) => nonZero({ stabiliser, ...(beta === 0 ? {} : { alpha, beta }) }),
  output: (context, rule) => (rule.beta === 0 ? null : outputFromParts(context, rule.bias)),
  flows: (context, rule) => {
    const { g, arriving, parameter } = context;
    const beta = parameter('beta');
    const alpha = parameter('alpha');
    if (beta === null || alpha === null) return [flow(context, rule.bias, 'positive', arriving)];
    const positive = flow(context, rule.bias, 'positive', g.mul(arriving, alpha));
    const negative = flow(context, rule.bias, 'negative', g.mul(arriving, g.neg(beta)));
    if (!rule.fallback) return [positive, negative];
    const none = g.equal(negative.z, g.scalar(0));
    return [
      { ...positive, relevance: g.where(none, arriving, positive.relevance) },
      { ...negative, relevance: g.where(none, g.scalar(0), negative.relevance) },
    ];
  },
};

/** One sign's share. Negative contributions enter with their absolute values: N_ij / S(ΣN) does not change by it. */
function flow(context: LinearContext, policy: 'keep' | 'zero', sign: 'positive' | 'negative', relevance: Value): Flow {
  const kept = partOfBias(context.g, policy === 'keep' ? context.bias : null, sign);
  return { ...flowOf(context, contributions(context, sign), kept, relevance), dead: true };
}

/**
 * The layer's output as the difference of both signs' sums, P − |N|: a rule that needs both has no use for another
 * convolution. Only the output is rounded a little differently; P and N stay exact.
 */
function outputFromParts(context: ForwardContext, policy: 'keep' | 'zero'): Value {
  const { g, bias, perOutput } = context;
  const kept = policy === 'keep' ? bias : null;
  const side = (sign: 'positive' | 'negative') =>
    sumOfParts(context, contributions(context, sign), partOfBias(g, kept, sign));
  const z = g.sub(side('positive'), side('negative'));
  return kept === bias || bias === null ? z : g.add(z, perOutput(bias));
}

/** max(b, 0) or max(−b, 0). */
function partOfBias(g: GraphBuilder, bias: Value | null, sign: 'positive' | 'negative'): Value | null {
  return bias === null ? null : g.relu(sign === 'positive' ? bias : g.neg(bias));
}
