import type { Network } from '../../models/network.ts';
import type { RegisteredModel } from '../../models/registry/registeredModel.ts';
import type { MethodName } from '../../schemas/methods.ts';
import type { Focus } from '../explanation/plan.ts';
import type { PlanName } from '../explanation/prediction.ts';
import type { InputRows } from './inputRows.ts';
import type { LoadsInUse } from './liveLoads.ts';

/** Everything that a worker has to know of a model. Its folder may be gone meanwhile: the network is in the tensor store. */
export interface KnownModel {
  readonly registered: RegisteredModel;
  /** The mean input of its class means; null when it has none. */
  readonly mean: Float32Array | null;
}

/** The model a task is about: the number of its load, and everything about it when the worker has to learn it. */
export interface TaskModel {
  readonly load: number;
  readonly known: KnownModel | null;
}

/** Values of a batch: rows of inputs, targets and free numbers. */
export interface TaskRows {
  readonly rows: number;
  readonly input: InputRows['data'];
  readonly target: Float32Array;
  /** Empty when the plan has no free numbers. */
  readonly parameters: Float32Array;
}

export type ExplainTask =
  | ({
      readonly kind: 'explain';
      readonly model: TaskModel;
      /** The plan's key. */
      readonly key: string;
      readonly method: PlanName;
      readonly options: Readonly<Record<string, unknown>>;
      readonly focus: Focus;
      /** Whether the relevance of images is summed over their channels before it is sent. */
      readonly summed: boolean;
      /** Longest that it may run, in milliseconds; default: as the worker was told at its start. */
      readonly timeoutMs?: number | undefined;
    } & TaskRows)
  | { readonly kind: 'load'; readonly model: TaskModel }
  | {
      readonly kind: 'export';
      readonly model: TaskModel;
      readonly method: MethodName;
      readonly options: Readonly<Record<string, unknown>>;
    }
  /** Reads the weights of a linear layer, by its index. */
  | { readonly kind: 'weights'; readonly model: TaskModel; readonly layer: number }
  | { readonly kind: 'ping' };

/** What a worker gets: a task, and what it need not keep any longer. */
export interface ExplainMessage {
  readonly loads: LoadsInUse;
  readonly task: ExplainTask;
}

export interface ExplainedRows {
  /** Empty for a prediction alone. */
  readonly relevance: Float32Array;
  /** Sum, minimum and maximum of every row's relevance before any summing over channels: see `totalsOf`. */
  readonly totals: Float64Array;
  readonly scores: Float32Array;
  /** The explained value of each row. */
  readonly explained: Float32Array;
  /** Empty when the plan has no report. */
  readonly report: Float32Array;
}

export type ExplainReply =
  | ({
      readonly kind: 'explained';
      readonly engine: string;
      readonly computeMs: number;
      readonly cached: boolean;
    } & ExplainedRows)
  | {
      readonly kind: 'loaded';
      readonly network: Network;
      readonly weightBytes: number;
      /** Whether weights are mapped: one copy for all processes. Otherwise every worker has its own. */
      readonly mapped: boolean;
    }
  | { readonly kind: 'exported'; readonly bytes: Uint8Array }
  | { readonly kind: 'weights'; readonly values: Float32Array }
  | { readonly kind: 'pong'; readonly engine: string }
  /** The worker does not know the model yet, or its files have gone from the store: send all about it. */
  | { readonly kind: 'model-unknown' };

/** What an explain worker is started with. */
export interface ExplainSetup {
  readonly engine: 'auto' | 'onnx' | 'tensorflow';
  readonly providers: readonly string[];
  readonly threads: number;
  readonly cacheDir: string;
  readonly cacheBytes: number;
  /** Size that the tensor store is kept under. */
  readonly cacheDiskBytes: number;
  /** Most rows of one run. */
  readonly maxBatch: number;
  /** Longest that a task may run, in milliseconds. */
  readonly timeoutMs: number;
}
