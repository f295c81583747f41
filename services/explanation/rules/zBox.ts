import { type LinearRule, nonZero } from './linearRule.ts';

/**
 * R_i = Σ_j (x_i w_ij − l_i w_ij⁺ − h_i w_ij⁻) R_j / S_ε(Σ_i(…)) for l ≤ x ≤ h (Montavon 2017, eq. 17). The numerator is
 * (x_i − l_i) w_ij⁺ + (h_i − x_i) |w_ij⁻|: two terms that are never negative. The bias cancels.
 */
export const zBox: LinearRule<'z-box'> = {
  parameters: ({ low, high, stabiliser }) => ({
    ...nonZero({ stabiliser }),
    ...(low === undefined || high === undefined ? {} : { low: [low].flat(), high: [high].flat() }),
  }),
  flows: ({ g, x, z, weight, bias, arriving, map, perOutput, parameter, box }) => {
    const { low, high } = box();
    const positive = map(g.relu(weight));
    const negative = map(g.relu(g.neg(weight)));
    const corner = g.sub(positive.apply(low, null), negative.apply(high, null));
    const offset = bias === null ? corner : g.add(corner, perOutput(bias));
    return [
      {
        parts: [
          { input: g.sub(x, low), map: positive },
          { input: g.sub(high, x), map: negative },
        ],
        z: g.relu(g.sub(z, offset)),
        bias: null,
        epsilon: parameter('stabiliser'),
        relevance: arriving,
      },
    ];
  },
};
