import { createRequire } from 'node:module';

/** Optional: installed in the CUDA image and by `npm run setup:tensorflow`. Not a literal, so that types do without it. */
export const ADDON: string = '@tensorflow/tfjs-node-gpu';

/** Whether the TensorFlow addon is there, which is known without loading TensorFlow.js. */
export function isAddonInstalled(): boolean {
  try {
    createRequire(import.meta.url).resolve(ADDON);
    return true;
  } catch {
    return false;
  }
}
