import type { RegisteredModel } from '../../../models/registry/registeredModel.ts';
import { ElucidError } from '../../../schemas/errors.ts';
import { METHOD_NAMES, type MethodName } from '../../../schemas/methods.ts';
import type { ServedModels } from '../serving/servedModels.ts';

/** Between the name of a model and of the method that explains it. */
const JOINT = '--';

/** What a name of the protocol stands for: a model, or the explanation of one. */
export interface InferenceSubject {
  /** As the client wrote it. */
  readonly name: string;
  readonly model: RegisteredModel;
  /** null for the model itself. */
  readonly method: MethodName | null;
}

/**
 * Finds `model` or `model--method`.
 * @throws ElucidError `unknown-model` that names the methods there are, and those of `ServedModels.get`
 */
export function subjectOf(name: string, version: string | undefined, served: ServedModels): InferenceSubject {
  const { modelName, method } = splitName(name);
  return { name, model: served.get(modelName, version), method };
}

/** @throws ElucidError `unknown-model` for an unknown method */
export function splitName(name: string): { readonly modelName: string; readonly method: MethodName | null } {
  const at = name.lastIndexOf(JOINT);
  if (at < 0) return { modelName: name, method: null };
  const wanted = name.slice(at + JOINT.length);
  const method = METHOD_NAMES.find((known) => known === wanted);
  if (method !== undefined) return { modelName: name.slice(0, at), method };
  const detail = `there is no method ${JSON.stringify(wanted.slice(0, 64))} to explain a model with`;
  throw new ElucidError('unknown-model', `${detail}; available: ${METHOD_NAMES.join(', ')}`);
}
