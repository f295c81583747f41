import type { RegisteredModel } from '../../../models/registry/registeredModel.ts';
import { ElucidError } from '../../../schemas/errors.ts';
import { PROTOTYPE_VARIANTS, type PrototypeVariant, parsePrototype } from '../../../schemas/prototype.ts';
import { type PrototypeParts, preparePrototype } from './prepare.ts';

/** Whether prototypes of a model can be searched by a variant. */
export interface VariantApplicability {
  readonly name: PrototypeVariant;
  readonly applies: boolean;
  /** Why it does not apply. */
  readonly reason: string | null;
}

/**
 * The variants that a request for the first output could name: a companion may be missing in the manifest
 * (`not-applicable`), or it may be named but not be there or not fit (`model-failed`).
 */
export async function describeVariants(
  model: RegisteredModel,
  parts: PrototypeParts,
): Promise<readonly VariantApplicability[]> {
  const described = PROTOTYPE_VARIANTS.map(async (name) => ({ name, ...(await applicability(model, name, parts)) }));
  return Promise.all(described);
}

async function applicability(
  { manifest: { name: model, version } }: RegisteredModel,
  variant: PrototypeVariant,
  parts: PrototypeParts,
): Promise<Omit<VariantApplicability, 'name'>> {
  try {
    await preparePrototype(parsePrototype({ model, version, target: 0, variant }), parts, new AbortController().signal);
    return { applies: true, reason: null };
  } catch (error) {
    const tells = error instanceof ElucidError && (error.code === 'not-applicable' || error.code === 'model-failed');
    if (!tells) throw error;
    return { applies: false, reason: error.message };
  }
}
