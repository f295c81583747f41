import type { Bounds } from '../bounds.ts';

export type StateArray = Float32Array | Float64Array;

/** Climbs an objective, for many rows that know nothing of each other. */
export interface Optimiser {
  /**
   * Moves a row's variables, in place, to where the objective is wanted next.
   * @param objective and `gradient`: at the variables as they are
   * @param rate the step size of this step
   * @returns whether the row can still be improved
   */
  advance(row: number, variables: Float32Array, objective: number, gradient: Float32Array, rate: number): boolean;
  /** Writes the best variables of a row that are known, where they are not the ones that `advance` left. */
  settle(row: number, variables: Float32Array): void;
  /** All it remembers, to be saved and written back: views, not copies. */
  readonly state: Readonly<Record<string, StateArray>>;
}

/** Makes an optimiser for a number of rows of some variables each. */
export type OptimiserMaker = (rows: number, size: number, bounds: Bounds | null) => Optimiser;
