/** What is said of the relevance of one row. */
export interface RelevanceTotals {
  readonly sum: number;
  readonly min: number;
  readonly max: number;
}

const FIELDS = 3;

/** Sum, minimum and maximum of every row, one after the other, in float64: a sum of float32 is finite when all of them are. */
export function totalsOf(relevance: Float32Array, rows: number): Float64Array {
  const size = relevance.length / rows;
  const totals = new Float64Array(size === 0 ? 0 : FIELDS * rows);
  if (size === 0) return totals;
  for (let row = 0; row < rows; row += 1) {
    let sum = 0;
    let min = Number.POSITIVE_INFINITY;
    let max = Number.NEGATIVE_INFINITY;
    for (let i = row * size; i < (row + 1) * size; i += 1) {
      const value = relevance[i] ?? 0;
      sum += value;
      if (value < min) min = value;
      if (value > max) max = value;
    }
    totals.set([sum, min, max], FIELDS * row);
  }
  return totals;
}

/** Those of one row. */
export function totalsAt(totals: Float64Array, row: number): RelevanceTotals {
  const [sum = 0, min = 0, max = 0] = totals.subarray(FIELDS * row, FIELDS * (row + 1));
  return { sum, min, max };
}
