import type { Shape } from '../../models/tensors/tensor.ts';
import type { Bounds } from './bounds.ts';
import type { ObjectiveStructure } from './graphs/objective.ts';
import type { OptimiserMaker } from './optimisers/optimiser.ts';
import type { ResolvedOptions } from './plan.ts';
import type { TargetRow } from './targets.ts';

/** Names of a plan's graphs. */
export const OBJECTIVE = 'objective';
export const ACTIVATIONS = 'activations';
export const CODE = 'code';

/** All that a run of a plan knows from the start. */
export interface RunSetup {
  /** Equal for equal runs: what a snapshot belongs to. */
  readonly identity: string;
  readonly structure: ObjectiveStructure;
  readonly options: ResolvedOptions;
  readonly targets: readonly TargetRow[];
  /** Targets × count; the prototypes of a target lie one after another. */
  readonly rows: number;
  readonly imageShape: Shape;
  readonly variableShape: Shape;
  readonly unitShape: Shape;
  /** Shape of the activations of the diversity term; null without one. */
  readonly activationShape: Shape | null;
  /** Columns of the output `terms`. */
  readonly columns: readonly string[];
  /** Of the variable. */
  readonly bounds: Bounds | null;
  readonly pictureBounds: Bounds | null;
  /** Where the search of a target starts: a picture, or null for a code that is drawn at random. */
  readonly startOf: ((target: number) => Float32Array) | null;
  readonly optimiser: OptimiserMaker;
  /** Most pictures that are kept for an animation; 0 for none. */
  readonly frames: number;
  /** Whether the way of every prototype is told. */
  readonly trajectories: boolean;
}

/** The graph's weight of every term but the target's own. */
export function weightOf({ regularisers, densityWeight }: ResolvedOptions, term: string): number {
  if (term === 'log_density') return densityWeight ?? 0;
  if (term === 'l2') return -regularisers.l2;
  return term === 'total_variation' ? -regularisers.totalVariation : 0;
}
