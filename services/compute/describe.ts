import { parameterCount } from '../../models/cost.ts';
import type { RegisteredModel } from '../../models/registry/registeredModel.ts';
import { ElucidError } from '../../schemas/errors.ts';
import { METHOD_NAMES, METHOD_OPTIONS, type MethodName } from '../../schemas/methods.ts';
import { COMPOSITE_PRESETS } from '../../schemas/rules.ts';
import type { ModelDescription } from './explanation.ts';
import type { LoadedModel } from './loadedModel.ts';
import type { Models } from './models.ts';

/** Describes a model, loading it first; one that cannot be loaded is described with the reason. */
export async function describeModel(models: Models, registered: RegisteredModel): Promise<ModelDescription> {
  try {
    return await models.use(registered, async (loaded) => describeLoaded(loaded));
  } catch (error) {
    if (!(error instanceof ElucidError) || error.code !== 'model-failed') throw error;
    return { state: 'failed', reason: error.message, layers: [], methods: [], composites: [] };
  }
}

function describeLoaded(loaded: LoadedModel): ModelDescription {
  return {
    state: 'ready',
    reason: null,
    layers: loaded.network.layers.map((layer) => ({
      name: layer.name,
      type: layer.type,
      output_shape: layer.shape,
      parameters: parameterCount(layer),
    })),
    methods: METHOD_NAMES.map((name) => ({ name, ...applies(loaded, name, {}) })),
    composites: COMPOSITE_PRESETS.map((name) => ({ name, ...applies(loaded, 'lrp', { composite: name }) })),
  };
}

function applies(
  loaded: LoadedModel,
  method: MethodName,
  options: object,
): { applies: boolean; reason: string | null } {
  try {
    loaded.plan(method, METHOD_OPTIONS[method].parse(options));
    return { applies: true, reason: null };
  } catch (error) {
    if (error instanceof ElucidError && error.code === 'not-applicable')
      return { applies: false, reason: error.message };
    throw error;
  }
}
