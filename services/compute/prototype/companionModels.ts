import type { RegisteredModel } from '../../../models/registry/registeredModel.ts';
import type { Registry } from '../../../models/registry/registry.ts';
import { ElucidError } from '../../../schemas/errors.ts';
import type { PrototypeVariant } from '../../../schemas/prototype.ts';
import type { PrototypeModels } from './prototypeTask.ts';

/** Companions that are models themselves. */
type CompanionModel = 'density' | 'generator';

/**
 * The companions that a variant needs; others may be missing.
 * @throws ElucidError `model-failed` for one that the manifest names and that is not there, or cannot be used
 */
export function companionsOf(
  model: RegisteredModel,
  variant: PrototypeVariant,
  registry: Registry,
): Omit<PrototypeModels, 'model'> {
  const find = (field: CompanionModel) => companionOf(model, field, registry);
  return {
    density: variant === 'density' ? find('density') : null,
    generator: variant === 'generator' || variant === 'dgn-am' ? find('generator') : null,
  };
}

/** Why a companion that the manifest names cannot be used, as far as can be told without loading it; null if it can. */
export function companionFault(model: RegisteredModel, field: CompanionModel, registry: Registry): string | null {
  try {
    companionOf(model, field, registry);
    return null;
  } catch (error) {
    if (!(error instanceof ElucidError)) throw error;
    return error.message;
  }
}

function companionOf(
  { manifest, companions }: RegisteredModel,
  field: CompanionModel,
  registry: Registry,
): RegisteredModel | null {
  const name = companions[field];
  if (name === null) return null;
  try {
    return registry.get(name);
  } catch (error) {
    if (!(error instanceof ElucidError)) throw error;
    throw new ElucidError('model-failed', `companions.${field} of ${manifest.name}: ${error.message}`);
  }
}
