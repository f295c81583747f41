import { ElucidError } from '../../schemas/errors.ts';
import type { RegisteredModel, RegistryEntry, RegistryOptions } from './registeredModel.ts';

/** The models there are: a snapshot that never changes. */
export interface Registry {
  /** All folders with a manifest, by name, then highest version first. */
  list(): readonly RegistryEntry[];
  /**
   * A model by name; the highest version unless one is given.
   * @throws ElucidError `unknown-model` naming what there is, `model-failed` when its folder could not be read.
   */
  get(name: string, version?: string): RegisteredModel;
  /** Reads the folders again. This snapshot stays as it is. */
  reload(): Promise<Registry>;
}

/** Reads and checks the manifest of every folder in `zooDir` and `modelsDir`. */
export async function openRegistry(options: RegistryOptions): Promise<Registry> {
  throw new ElucidError('model-failed', `no registry yet for ${options.zooDir}`);
}
