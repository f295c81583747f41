import { contributions, flowOf } from './contributions.ts';
import { type LinearRule, nonZero } from './linearRule.ts';

/**
 * R_i = Σ_j (x_i⁺w_ij⁺ + x_i⁻w_ij⁻) R_j / S_ε(Σ_i(…) + b_j⁺) (Montavon 2017; there with bias `zero` and x ≥ 0).
 */
export const zPlus: LinearRule<'z-plus'> = {
  parameters: (rule) => nonZero({ stabiliser: rule.stabiliser }),
  flows: (context, rule) => {
    const { g, bias, arriving } = context;
    const kept = rule.bias === 'keep' && bias !== null ? g.relu(bias) : null;
    return [{ ...flowOf(context, contributions(context, 'positive'), kept, arriving), dead: true }];
  },
};
