import { flowOf } from './contributions.ts';
import { type LinearRule, nonZero } from './linearRule.ts';

/** R_i = Σ_j R_j / (number of inputs that unit j really sees, channels counted, + ε); padding is no input (Lapuschkin 2017). */
export const flat: LinearRule<'flat'> = {
  parameters: ({ stabiliser }) => nonZero({ stabiliser }),
  flows: (context) => {
    const { g, weight, arriving, map } = context;
    const ones = g.exp(g.mul(weight, g.scalar(0)));
    return [flowOf(context, [{ input: null, map: map(ones) }], null, arriving)];
  },
};
