import type { Value } from '../../engine/graph.ts';
import { flowOf } from './contributions.ts';
import type { Part } from './flow.ts';
import { type LinearContext, type LinearRule, nonZero } from './linearRule.ts';

/**
 * R_i = Σ_j (x_i w_ij − l_i w_ij⁺ − h_i w_ij⁻) R_j / S_ε(Σ_i(…)) for l ≤ x ≤ h (Montavon 2017, eq. 17). The numerator is
 * (x_i − l_i) w_ij⁺ + (h_i − x_i) |w_ij⁻|: terms that are never negative, so that nothing is lost to rounding where the
 * input lies in a corner of the box. The bias cancels.
 */
export const zBox: LinearRule<'z-box'> = {
  parameters: ({ low, high, stabiliser }) => ({
    ...nonZero({ stabiliser }),
    ...(low === undefined || high === undefined ? {} : { low: [low].flat(), high: [high].flat() }),
  }),
  flows: (context) => [flowOf(context, distances(context), null, context.arriving)],
};

/**
 * The distances from both bounds, each with the weights that they meet: as further channels of one layer where the layer
 * has no groups, else as a layer each.
 */
function distances({ g, x, weight, map, inputAxis, box }: LinearContext): readonly Part[] {
  const { low, high } = box();
  const [fromLow, fromHigh] = [g.relu(g.sub(x, low)), g.relu(g.sub(high, x))];
  const [positive, negative] = [g.relu(weight), g.relu(g.neg(weight))];
  if (inputAxis === null) {
    return [
      { input: fromLow, map: map(positive) },
      { input: fromHigh, map: map(negative) },
    ];
  }
  const [batch = 0, channels = 0, ...places] = x.shape;
  const half = (value: Value, from: number) =>
    g.slice(value, [0, from, ...places.map(() => 0)], [batch, channels, ...places]);
  return [
    {
      input: g.concat([fromLow, fromHigh], 1),
      map: map(g.concat([positive, negative], inputAxis)),
      gather: (contributions) => g.add(half(contributions, 0), half(contributions, channels)),
    },
  ];
}
