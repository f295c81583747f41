import { existsSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import type { RegistryOptions } from '../registry/registeredModel.ts';
import { defaultStoreFolder } from '../tensors/defaultFolder.ts';
import type { Environment } from './usage.ts';

/**
 * Which folders hold models: the shipped ones and the user's.
 * @param models what `--models` says; else MODELS_DIR, else none
 * @param name only the models of this name
 */
export function modelRoots(models: string | undefined, environment: Environment, name?: string): RegistryOptions {
  const roots = { zooDir: zooFolder(import.meta.dirname), modelsDir: models ?? (environment.MODELS_DIR || null) };
  return name === undefined ? roots : { ...roots, name };
}

/** The folder of the tensor store: that of the service. */
export function storeFolder({ CACHE_DIR }: Environment): string {
  return CACHE_DIR || defaultStoreFolder(tmpdir(), String(process.getuid?.() ?? userInfo().username));
}

/** The next models/zoo above a folder: compiled files lie deeper below the package than sources. */
function zooFolder(start: string): string {
  for (let folder = start; folder !== dirname(folder); folder = dirname(folder)) {
    const zoo = join(folder, 'models', 'zoo');
    if (existsSync(zoo)) return zoo;
  }
  throw new Error(`no models/zoo above ${start}`);
}
