/** ‖a − b‖ / ‖b‖; the norm of a where b is 0. */
export function distance(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  let [difference, norm] = [0, 0];
  for (let i = 0; i < expected.length; i += 1) {
    difference += ((actual[i] ?? Number.NaN) - (expected[i] ?? Number.NaN)) ** 2;
    norm += (expected[i] ?? Number.NaN) ** 2;
  }
  return Math.sqrt(norm === 0 ? difference : difference / norm);
}

/** max |a − b| / max |b| */
export function greatestDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  const differences = Array.from(expected, (value, i) => Math.abs(value - (actual[i] ?? Number.NaN)));
  const size = Math.max(...Array.from(expected, Math.abs));
  return size === 0 ? Math.max(...differences) : Math.max(...differences) / size;
}

export function total(values: ArrayLike<number>): number {
  return Array.from(values).reduce((sum, value) => sum + value, 0);
}

/** What a conservation report is exact to: 1e-4 of the larger of |start| and Σ|R|. */
export function isAccounted(row: {
  relevance: ArrayLike<number>;
  start: number;
  bias: number;
  stabiliser: number;
  dead: number;
  dropped: number;
}): boolean {
  const scale = Math.max(Math.abs(row.start), total(Array.from(row.relevance, Math.abs)));
  const accounted = total(row.relevance) + row.bias + row.stabiliser + row.dead + row.dropped;
  return Math.abs(row.start - accounted) <= 1e-4 * scale;
}
