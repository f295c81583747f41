import type { Network } from '../../models/network.ts';
import type { RegisteredModel } from '../../models/registry/registeredModel.ts';
import type { MethodName } from '../../schemas/methods.ts';
import type { Plan } from '../explanation/plan.ts';
import type { Outputs } from './outputs.ts';

/** A model whose network the main process knows: its structure, not its weights. */
export interface LoadedModel {
  readonly registered: RegisteredModel;
  readonly network: Network;
  readonly outputs: Outputs;
  /** @throws ElucidError `not-applicable` */
  plan(method: MethodName, options: Readonly<Record<string, unknown>>): Plan;
}
