/** How alike the activations of the prototypes of one target are, and what follows from it. */
export interface Similarity {
  /** Per row Σ cosine similarity with the other rows of its group. */
  readonly sums: Float64Array;
  /** −weight · ∂/∂a_i Σ_j cos(a_i, a_j) for every row i, in the shape of the activations. */
  readonly pull: Float32Array;
}

/**
 * The diversity term −μ Σ_{j≠i} a_iᵀa_j / (‖a_i‖‖a_j‖) over rows of the same group; its derivative by a_i is
 * −μ Σ_j (â_j − cos_ij â_i) / ‖a_i‖. A row of zeros is like nothing.
 * @param activations [rows, size], groups being `count` rows each, one after another
 */
export function similarity(activations: Float32Array, rows: number, count: number, weight: number): Similarity {
  const size = activations.length / rows;
  const norms = Float64Array.from({ length: rows }, (_, row) => normOf(rowAt(activations, row, size)));
  const sums = new Float64Array(rows);
  const pull = new Float32Array(activations.length);
  for (let i = 0; i < rows; i += 1) {
    const first = i - (i % count);
    for (let j = first; j < first + count; j += 1) {
      const [own, other] = [norms[i] as number, norms[j] as number];
      if (i === j || own === 0 || other === 0) continue;
      const [a, b] = [rowAt(activations, i, size), rowAt(activations, j, size)];
      const cosine = dot(a, b) / (own * other);
      sums[i] = (sums[i] as number) + cosine;
      const into = rowAt(pull, i, size);
      for (let k = 0; k < size; k += 1) {
        into[k] = (into[k] as number) - (weight / own) * ((b[k] as number) / other - (cosine * (a[k] as number)) / own);
      }
    }
  }
  return { sums, pull };
}

function rowAt(values: Float32Array, row: number, size: number): Float32Array {
  return values.subarray(row * size, (row + 1) * size);
}

function normOf(values: Float32Array): number {
  return Math.sqrt(dot(values, values));
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let k = 0; k < a.length; k += 1) sum += (a[k] as number) * (b[k] as number);
  return sum;
}
