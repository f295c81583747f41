import { fileURLToPath } from 'node:url';
import type { RegistryOptions } from '../registry/registeredModel.ts';
import type { Environment } from './usage.ts';

const ZOO = fileURLToPath(new URL('../zoo', import.meta.url));

/**
 * Which folders hold models: the shipped ones and the user's.
 * @param models what `--models` says; else MODELS_DIR, else none
 */
export function modelRoots(models: string | undefined, environment: Environment): RegistryOptions {
  return { zooDir: ZOO, modelsDir: models ?? (environment.MODELS_DIR || null) };
}
