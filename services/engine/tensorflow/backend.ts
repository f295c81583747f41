import { createRequire } from 'node:module';
import util from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { EngineError } from '../engine.ts';

export type Device = 'gpu' | 'cpu' | 'wasm';

/** Optional: installed in the CUDA image and by `npm run setup:tensorflow`. Not a literal, so that types do without it. */
const ADDON: string = '@tensorflow/tfjs-node-gpu';

/**
 * The device of the TensorFlow addon, which is loaded, or null when it is not installed. Tells `ENGINE=auto` whether
 * there is a GPU without starting the wasm backend.
 * @throws EngineError when the addon is installed but does not load
 */
export async function tensorflowAddon(): Promise<'gpu' | 'cpu' | null> {
  if (!isInstalled(ADDON)) return null;
  restoreRemovedChecks();
  try {
    await import(ADDON);
    await activate('tensorflow');
  } catch (error) {
    throw new EngineError(`${ADDON} is installed but does not load`, { cause: error });
  }
  return seesGpu(tf.backend()) ? 'gpu' : 'cpu';
}

/** Starts the fastest backend that is installed: the addon, else wasm. TensorFlow.js has one per process. */
export async function openBackend(): Promise<Device> {
  const addon = await tensorflowAddon();
  if (addon !== null) return addon;
  await import('@tensorflow/tfjs-backend-wasm');
  await activate('wasm');
  return 'wasm';
}

async function activate(name: string): Promise<void> {
  if (!(await tf.setBackend(name))) throw new EngineError(`TensorFlow.js could not start its backend ${name}`);
  await tf.ready();
}

function isInstalled(name: string): boolean {
  try {
    createRequire(import.meta.url).resolve(name);
    return true;
  } catch {
    return false;
  }
}

/** The addon's JavaScript uses two checks that Node 23 removed. */
function restoreRemovedChecks(): void {
  if (!('isNullOrUndefined' in util)) {
    Object.assign(util, { isNullOrUndefined: (value: unknown) => value === null || value === undefined });
  }
  if (!('isArray' in util)) Object.assign(util, { isArray: Array.isArray });
}

function seesGpu(backend: object): boolean {
  return 'isUsingGpuDevice' in backend && backend.isUsingGpuDevice === true;
}
