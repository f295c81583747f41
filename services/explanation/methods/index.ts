import type { MethodName, MethodOptions } from '../../../schemas/methods.ts';
import type { Plan, Subject } from '../plan.ts';
import { deconvnet, gradient, gradientTimesInput, guidedBackprop, sensitivity } from './gradients.ts';
import { integratedGradients } from './integratedGradients.ts';
import { deepTaylor, lrp } from './lrp.ts';
import type { Method } from './method.ts';
import { occlusion } from './occlusion.ts';
import { smoothgrad } from './smoothgrad.ts';
import { taylor } from './taylor.ts';

/** All methods; a new one is one file and one line here. */
const METHODS: { readonly [Name in MethodName]: Method<Name> } = {
  'deep-taylor': deepTaylor,
  sensitivity,
  gradient,
  'gradient-times-input': gradientTimesInput,
  taylor,
  'integrated-gradients': integratedGradients,
  smoothgrad,
  'guided-backprop': guidedBackprop,
  deconvnet,
  occlusion,
  lrp,
};

/**
 * Plans an explanation.
 * @param options parsed by the method's schema
 * @throws ElucidError `not-applicable` when the method does not fit the model, naming the layers
 */
export function planExplanation<Name extends MethodName>(
  subject: Subject,
  name: Name,
  options: MethodOptions<Name>,
): Plan {
  return METHODS[name].plan(subject, options);
}
