import type { Shape } from '../../models/tensors/tensor.ts';
import type { InitName, ObjectiveName, PrototypeRequest, PrototypeVariant } from '../../schemas/prototype.ts';
import type { ClientTensor } from '../../schemas/tensorInput.ts';
import type { NamedTensors } from '../engine/engine.ts';
import type { Graph } from '../engine/graph.ts';
import type { RunRequest } from '../explanation/plan.ts';

/** What of a request plans its prototypes; a picture to start from has become a tensor. */
export type PrototypeOptions = Omit<PrototypeRequest, 'model' | 'version' | 'render' | 'init'> & {
  readonly init?: InitName | { readonly tensor: ClientTensor } | undefined;
};

/** All options with their defaults filled in, as the answer reports them. */
export interface ResolvedOptions {
  readonly variant: PrototypeVariant;
  readonly objective: ObjectiveName;
  readonly init: InitName | 'tensor';
  readonly regularisers: {
    readonly l2: number;
    readonly totalVariation: number;
    readonly blur: { readonly sigma: number; readonly every: number } | null;
    readonly jitter: number;
    readonly clipNorm: number;
    readonly clipContribution: number;
  };
  /** null but in the variant `density`. */
  readonly densityWeight: number | null;
  readonly optimiser:
    | { readonly name: 'adam'; readonly learningRate: number; readonly finalLearningRate: number }
    | {
        readonly name: 'momentum';
        readonly learningRate: number;
        readonly finalLearningRate: number;
        readonly momentum: number;
      }
    | { readonly name: 'l-bfgs' };
  readonly steps: number;
  readonly tolerance: number;
  readonly seed: number;
  readonly count: number;
  readonly diversity: { readonly weight: number; readonly layer: string | null };
}

/** What a prototype is of. */
export interface PrototypeTargetInfo {
  readonly index: number | null;
  readonly label: string | null;
  readonly unit: {
    readonly layer: string;
    readonly channel: number;
    readonly position: readonly [number, number] | null;
  } | null;
}

/** Where a run stands after a step. */
export interface StepReport {
  readonly step: number;
  readonly steps: number;
  /** Per row, at the point where the step began. */
  readonly objective: Float64Array;
  /** Per row; NaN where the target has none. */
  readonly probability: Float64Array;
  /** A copy of the pictures, [rows, ...input shape]. */
  images(): Float32Array;
  /** From which a driver continues to bit-identical results. */
  snapshot(): Uint8Array;
}

export interface TrajectoryPoint {
  readonly step: number;
  readonly objective: number;
  readonly probability: number | null;
}

/** One prototype. */
export interface PrototypeRow {
  readonly target: PrototypeTargetInfo;
  /** Which of the `count` prototypes of its target. */
  readonly copy: number;
  readonly objective: number;
  /** The parts of the objective without their weights, and what else is known: `logit` or `value`, `log_probability`, ... */
  readonly terms: Readonly<Record<string, number>>;
  readonly probability: number | null;
  readonly steps: number;
  readonly converged: boolean;
  /** Empty where `include` does not ask for it. */
  readonly trajectory: readonly TrajectoryPoint[];
}

/** Pictures of a run, evenly spread over its steps. */
export interface Frames {
  readonly steps: readonly number[];
  /** [frames, rows, ...input shape] */
  readonly data: Float32Array;
}

export interface PrototypeOutcome {
  readonly rows: readonly PrototypeRow[];
  /** [rows, ...input shape] */
  readonly images: Float32Array;
  /** Where `include` asks for an animation. */
  readonly frames: Frames | null;
}

/**
 * Searches the prototypes. Yields runs, to be resumed with their outputs, and after each step a report, to be resumed with
 * anything.
 * @param saved a snapshot to continue from
 * @param maxBatch most rows of one run
 * @throws ElucidError `non-finite`; SnapshotError
 */
export type PrototypeDriver = (
  saved: Uint8Array | null,
  maxBatch: number,
) => Generator<RunRequest | StepReport, PrototypeOutcome, NamedTensors>;

/** Prototypes, planned. */
export interface PrototypePlan {
  /** Equal keys mean equal graphs (for one subject): the numbers that a client chooses are inputs. */
  readonly key: string;
  /** Targets × count. */
  readonly rows: number;
  readonly targets: readonly PrototypeTargetInfo[];
  readonly options: ResolvedOptions;
  /** Shape of a picture, without the batch. */
  readonly imageShape: Shape;
  /** Builds the graphs; only called when they are not compiled yet. */
  graphs(): Readonly<Record<string, Graph>>;
  readonly driver: PrototypeDriver;
}

export function isReport(event: RunRequest | StepReport): event is StepReport {
  return 'step' in event;
}
