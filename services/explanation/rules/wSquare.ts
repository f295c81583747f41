import { flowOf } from './contributions.ts';
import { type LinearRule, nonZero } from './linearRule.ts';

/** R_i = Σ_j w_ij² R_j / (Σ_i w_ij² + b_j² + ε); without b_j² for bias `zero` (Montavon 2017, eq. 16). */
export const wSquare: LinearRule<'w-square'> = {
  parameters: ({ stabiliser }) => nonZero({ stabiliser }),
  flows: (context, rule) => {
    const { g, weight, bias, arriving, map } = context;
    const kept = rule.bias === 'keep' && bias !== null ? g.square(bias) : null;
    return [flowOf(context, [{ input: null, map: map(g.square(weight)) }], kept, arriving)];
  },
};
