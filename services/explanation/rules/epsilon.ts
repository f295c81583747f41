import { type LinearRule, nonZero } from './linearRule.ts';

/** R_i = Σ_j x_i w_ij R_j / S_ε(z_j); ε = 0 is LRP-0 (Bach 2015, eq. 58). Bias `keep`: b_j is part of z_j. */
export const epsilon: LinearRule<'epsilon'> = {
  parameters: (rule) => nonZero({ epsilon: rule.epsilon }),
  flows: ({ x, z, weight, bias, arriving, map, perOutput, parameter }, rule) => {
    const own = map(weight);
    const kept = rule.bias === 'keep' ? bias : null;
    return [
      {
        parts: [{ input: x, map: own }],
        z: kept === bias ? z : own.apply(x, null),
        bias: kept === null ? null : perOutput(kept),
        epsilon: parameter('epsilon'),
        relevance: arriving,
      },
    ];
  },
};
