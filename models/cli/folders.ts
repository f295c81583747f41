import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageFolder } from '../packageFolder.ts';
import type { RegistryOptions } from '../registry/registeredModel.ts';
import { defaultStoreFolder, userName } from '../tensors/defaultFolder.ts';
import type { Environment } from './usage.ts';

/**
 * Which folders hold models: the shipped ones and the user's.
 * @param models what `--models` says; else MODELS_DIR, else none
 * @param name only the models of this name
 */
export function modelRoots(models: string | undefined, environment: Environment, name?: string): RegistryOptions {
  const { path } = packageFolder(fileURLToPath(import.meta.url));
  const roots = { zooDir: join(path, 'models', 'zoo'), modelsDir: models ?? (environment.MODELS_DIR || null) };
  return name === undefined ? roots : { ...roots, name };
}

/** The folder of the tensor store: that of the service. */
export function storeFolder({ CACHE_DIR }: Environment): string {
  return CACHE_DIR || defaultStoreFolder(tmpdir(), userName());
}
