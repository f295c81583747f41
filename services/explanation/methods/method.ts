import type { MethodName, MethodOptions } from '../../../schemas/methods.ts';
import type { Plan, Subject } from '../plan.ts';

/** An explanation method: a pure function from a model and options to a plan. */
export interface Method<Name extends MethodName> {
  /** @throws ElucidError `not-applicable` when the method does not fit the model, naming the layers */
  plan(subject: Subject, options: MethodOptions<Name>): Plan;
}
