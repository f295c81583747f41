import type { Network } from '../../models/network.ts';
import type { RegisteredModel } from '../../models/registry/registeredModel.ts';
import type { Outputs } from './outputs.ts';
import type { Planner } from './planner.ts';

/** A model whose network the main process knows: its structure, not its weights. */
export interface LoadedModel {
  readonly registered: RegisteredModel;
  readonly network: Network;
  readonly outputs: Outputs;
  readonly plan: Planner;
}
