import { ElucidError } from '../../schemas/errors.ts';
import type { Network } from '../network.ts';
import type { RegisteredModel } from '../registry/registeredModel.ts';
import type { TensorStore } from '../tensors/store.ts';

/**
 * The network of a model, its weights in the store. Imports the model's files when the store does not hold it whole.
 * @throws ElucidError `model-failed`
 */
export async function importModel(model: RegisteredModel, store: TensorStore): Promise<Network> {
  throw new ElucidError('model-failed', `no importer yet for ${model.manifest.name} in ${store.root}`);
}
