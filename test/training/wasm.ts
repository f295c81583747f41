import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-wasm';

/** TensorFlow.js on the backend that needs no addon. */
export async function openWasm(): Promise<typeof tf> {
  if (!(await tf.setBackend('wasm'))) throw new Error('the wasm backend does not start');
  await tf.ready();
  return tf;
}
