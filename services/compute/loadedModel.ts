import type { Network } from '../../models/network.ts';
import type { RegisteredModel } from '../../models/registry/registeredModel.ts';
import type { Outputs } from './outputs.ts';
import type { Planner } from './planner.ts';

/** A model whose network the main process knows: its structure, not its weights. */
export interface LoadedModel {
  readonly registered: RegisteredModel;
  /** The number that workers know it by. */
  readonly load: number;
  readonly network: Network;
  /** The mean input of its class means; null when it has none. */
  readonly mean: Float32Array | null;
  /** What it counts of the memory for models: its weights, once for every copy that is held of them. */
  readonly memoryBytes: number;
  readonly outputs: Outputs;
  readonly plan: Planner;
}
