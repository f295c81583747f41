import { readFile } from 'node:fs/promises';
import type { RegisteredModel } from '../../models/registry/registeredModel.ts';
import { decodeNpy, NpyError } from '../../models/tensors/npy.ts';
import { type ArrayTensor, sizeOf } from '../../models/tensors/tensor.ts';
import { ElucidError } from '../../schemas/errors.ts';

/**
 * The mean of a model's class means, [...input shape]; null when it has none.
 * @throws ElucidError `model-failed` when the file is no .npy file, or its shape does not fit the input
 */
export async function meanInput({ manifest, companions }: RegisteredModel): Promise<Float32Array | null> {
  if (companions.classMeans === null) return null;
  const file = await readFile(companions.classMeans).catch(() => {
    throw new ElucidError('model-failed', `the class means of ${manifest.name} cannot be read any more`);
  });
  const { shape, data } = decoded(manifest.name, file);
  const [classes = 0, ...own] = shape;
  const wanted = manifest.input.shape;
  if (own.join() !== wanted.join() || classes === 0) {
    throw new ElucidError(
      'model-failed',
      `the class means of ${manifest.name} have shape [${shape.join(', ')}], not [classes, ${wanted.join(', ')}]`,
    );
  }
  const size = sizeOf(own);
  const mean = new Float64Array(size);
  for (const [i, value] of data.entries()) mean[i % size] = (mean[i % size] ?? 0) + value / classes;
  return Float32Array.from(mean);
}

function decoded(model: string, file: Uint8Array): ArrayTensor {
  try {
    return decodeNpy(file);
  } catch (error) {
    if (!(error instanceof NpyError)) throw error;
    throw new ElucidError('model-failed', `the class means of ${model}: ${error.message}`);
  }
}
