/** Labels of the inputs of prototype graphs. All but the shifts lead with the batch, one row per prototype. */
export const INPUTS = {
  /** What is searched: an image, [N, ...input shape], or a code, [N, ...code shape]. */
  variable: 'variable',
  /** Weights of the units whose value is maximised, [N, ...shape of their layer]. */
  target: 'target',
  /** x₀ of the L2 term, in the variable's shape. */
  reference: 'reference',
  /** What arrives at the layer of the diversity term, [N, ...its shape]. */
  pull: 'pull',
  /** Bounds of the picture, [...input shape]. */
  low: 'low',
  high: 'high',
  /** Kernels that shift what the network sees, [C, 1, k, 1] and [C, 1, 1, k]. */
  shiftDown: 'shift_down',
  shiftRight: 'shift_right',
  /** The picture that a code is searched for, [N, ...input shape]. */
  wanted: 'wanted',
} as const;

/** Terms of an objective that have a weight of their own. */
export const WEIGHTED = ['log_density', 'l2', 'total_variation'] as const;
export type WeightedTerm = (typeof WEIGHTED)[number];

/** The input [N, 1] that holds a term's weight. */
export function weightInput(term: WeightedTerm): string {
  return `weight_${term}`;
}
