import type { RegisteredModel } from '../../../models/registry/registeredModel.ts';
import type { JobProgress } from '../../../schemas/jobs.ts';
import type { PrototypeOptions, PrototypeOutcome, ResolvedOptions } from '../../prototype/plan.ts';
import type { EngineSetup } from '../engines.ts';

/** A model, and the models that its prototypes need beside it. */
export interface PrototypeModels {
  readonly model: RegisteredModel;
  readonly density: RegisteredModel | null;
  readonly generator: RegisteredModel | null;
}

/** What a job's process is asked for. */
export interface PrototypeTask extends PrototypeModels {
  readonly options: PrototypeOptions;
  /** A snapshot to continue from. */
  readonly saved: Uint8Array | null;
}

/** Most prototypes whose pictures are reported while they are searched. */
export const PREVIEWED = 16;

/** How far it is, and at longer intervals what the prototypes look like and a snapshot. */
export interface PrototypeReport {
  readonly progress: JobProgress;
  /** Of the first prototypes, at most PREVIEWED, [rows, ...input shape]. */
  readonly images: Float32Array | null;
  readonly snapshot: Uint8Array | null;
}

export interface PrototypeReply extends PrototypeOutcome {
  readonly engine: string;
  readonly options: ResolvedOptions;
  readonly computeMs: number;
}

/** What the process of a job is started with. */
export interface PrototypeSetup extends EngineSetup {
  readonly cacheDir: string;
  /** Bound for the compiled graphs that are kept from one job to the next. */
  readonly cacheBytes: number;
  readonly cacheDiskBytes: number;
  /** Most rows of one run. */
  readonly maxBatch: number;
}
