import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TensorFlow, TrainedModel } from './tensorflow.ts';

/** Opens a trained model of a folder again. */
export async function openModel(tf: TensorFlow, folder: string): Promise<TrainedModel> {
  const { modelTopology, weightsManifest } = JSON.parse(await readFile(join(folder, 'model.json'), 'utf8'));
  const weightData = new Uint8Array(await readFile(join(folder, 'weights.bin'))).buffer;
  return tf.loadLayersModel(tf.io.fromMemory({ modelTopology, weightSpecs: weightsManifest[0].weights, weightData }));
}
