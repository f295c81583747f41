import util from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { EngineError } from '../engine.ts';
import { ADDON, isAddonInstalled } from './addon.ts';

export type Device = 'gpu' | 'cpu' | 'wasm';

/**
 * The device of the TensorFlow addon, which is loaded, or null when it is not installed. Tells `ENGINE=auto` whether
 * there is a GPU without starting the wasm backend.
 * @throws EngineError when the addon is installed but does not load
 */
export async function tensorflowAddon(): Promise<'gpu' | 'cpu' | null> {
  if (!isAddonInstalled()) return null;
  restoreRemovedChecks();
  keepFloat32();
  try {
    await import(ADDON);
    await activate('tensorflow');
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw new EngineError(`${ADDON} is installed but does not load: ${cause}`, { cause: error });
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

/** The addon's JavaScript uses two checks that Node 23 removed. */
function restoreRemovedChecks(): void {
  if (!('isNullOrUndefined' in util)) {
    Object.assign(util, { isNullOrUndefined: (value: unknown) => value === null || value === undefined });
  }
  if (!('isArray' in util)) Object.assign(util, { isArray: Array.isArray });
}

/** NVIDIA's libraries multiply float32 with 10 bits of mantissa (TF32) on GPUs that can, unless this is set before they load. */
function keepFloat32(): void {
  process.env['NVIDIA_TF32_OVERRIDE'] ??= '0';
}

function seesGpu(backend: object): boolean {
  return 'isUsingGpuDevice' in backend && backend.isUsingGpuDevice === true;
}
