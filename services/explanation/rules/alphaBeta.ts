import type { Value } from '../../engine/graph.ts';
import { contributions, sumOfParts } from './contributions.ts';
import type { Flow } from './flow.ts';
import { type LinearContext, type LinearRule, nonZero } from './linearRule.ts';

/**
 * R_i = Σ_j [α P_ij / S_ε(ΣP + b_j⁺) − β N_ij / S_ε(ΣN + b_j⁻)] R_j with P = x⁺w⁺ + x⁻w⁻ and N = x⁺w⁻ + x⁻w⁺,
 * α − β = 1 (Bach 2015, eq. 60). `fallback`: where ΣN + b⁻ = 0, α = 1 and β = 0, else relevance would be created there.
 */
export const alphaBeta: LinearRule<'alpha-beta'> = {
  parameters: ({ alpha, beta, stabiliser }) => nonZero({ stabiliser, ...(beta === 0 ? {} : { alpha, beta }) }),
  flows: (context, rule) => {
    const { g, arriving, parameter } = context;
    const beta = parameter('beta');
    const alpha = parameter('alpha');
    if (beta === null || alpha === null) return [flow(context, rule.bias, 'positive', arriving)];
    const negative = flow(context, rule.bias, 'negative', g.mul(arriving, g.neg(beta)));
    const positive = flow(context, rule.bias, 'positive', g.mul(arriving, alpha));
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
  const { g, bias, perOutput, parameter } = context;
  const parts = contributions(context, sign);
  const kept = policy === 'keep' && bias !== null ? g.relu(sign === 'positive' ? bias : g.neg(bias)) : null;
  return {
    parts,
    z: sumOfParts(context, parts, kept),
    bias: kept === null ? null : perOutput(kept),
    epsilon: parameter('stabiliser'),
    relevance,
  };
}
