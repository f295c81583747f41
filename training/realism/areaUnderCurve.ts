/**
 * The area under the receiver operating characteristic: the chance that a random positive scores higher than a random
 * negative, ties counting one half (Mann and Whitney 1947).
 */
export function areaUnderCurve(positives: ArrayLike<number>, negatives: ArrayLike<number>): number {
  const sorted = Float64Array.from(negatives).sort();
  let below = 0;
  for (const score of Array.from(positives))
    below += (countUnder(sorted, score, false) + countUnder(sorted, score, true)) / 2;
  return below / (positives.length * negatives.length);
}

/** How many of some sorted numbers are below a limit, or, `within`, not above it. */
function countUnder(sorted: Float64Array, limit: number, within: boolean): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const value = sorted[middle] ?? 0;
    if (value < limit || (within && value === limit)) low = middle + 1;
    else high = middle;
  }
  return low;
}
