import { sumOfParts } from './contributions.ts';
import { type LinearRule, nonZero } from './linearRule.ts';

/** R_i = Σ_j R_j / (number of inputs that unit j really sees, channels counted, + ε); padding is no input (Lapuschkin 2017). */
export const flat: LinearRule<'flat'> = {
  parameters: ({ stabiliser }) => nonZero({ stabiliser }),
  flows: (context) => {
    const { g, weight, arriving, map, parameter } = context;
    const ones = g.exp(g.mul(weight, g.scalar(0)));
    const parts = [{ input: null, map: map(ones) }];
    return [
      { parts, z: sumOfParts(context, parts, null), bias: null, epsilon: parameter('stabiliser'), relevance: arriving },
    ];
  },
};
