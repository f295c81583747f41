import type { RenderOptions } from '../../schemas/render.ts';

/**
 * The |value| that gets the strongest colour: the largest |R|, or the percentile of |R| (between neighbours in the sorted
 * list straight lines, as in numpy). A percentile that is 0 although something is not, as of a map that is mostly empty,
 * gives way to the largest. 0 only when all values are 0.
 */
export function colourScale(values: Float32Array, options: Pick<RenderOptions, 'normalise' | 'percentile'>): number {
  let largest = 0;
  for (let i = 0; i < values.length; i++) largest = Math.max(largest, Math.abs(values[i] ?? 0));
  if (options.normalise === 'max-abs') return largest;
  return percentileOf(values, options.percentile) || largest;
}

function percentileOf(values: Float32Array, percentile: number): number {
  if (values.length === 0) return 0;
  const sorted = values.map(Math.abs).sort();
  const place = (percentile / 100) * (sorted.length - 1);
  const below = sorted[Math.floor(place)] ?? 0;
  const above = sorted[Math.ceil(place)] ?? below;
  return below + (above - below) * (place - Math.floor(place));
}
