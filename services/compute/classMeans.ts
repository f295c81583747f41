import { readFile } from 'node:fs/promises';
import type { RegisteredModel } from '../../models/registry/registeredModel.ts';
import { decodeNpy, NpyError } from '../../models/tensors/npy.ts';
import { type ArrayTensor, sizeOf } from '../../models/tensors/tensor.ts';
import { ElucidError } from '../../schemas/errors.ts';

/**
 * The mean inputs of a model's classes, [classes, ...input shape]; null when it has none.
 * @throws ElucidError `model-failed` when the file's shape does not fit the input
 */
export async function classMeans(registered: RegisteredModel): Promise<ArrayTensor | null> {
  const { manifest, companions } = registered;
  if (companions.classMeans === null) return null;
  const means = await companionTensor(registered, companions.classMeans, 'class means');
  const [classes = 0, ...own] = means.shape;
  const wanted = manifest.input.shape;
  if (own.join() !== wanted.join() || classes === 0) {
    throw new ElucidError(
      'model-failed',
      `the class means of ${manifest.name} have shape [${means.shape.join(', ')}], not [classes, ${wanted.join(', ')}]`,
    );
  }
  return means;
}

/** The mean of a model's class means, [...input shape]; null when it has none. @throws ElucidError `model-failed` */
export async function meanInput(registered: RegisteredModel): Promise<Float32Array | null> {
  const means = await classMeans(registered);
  if (means === null) return null;
  const [classes = 0, ...own] = means.shape;
  const size = sizeOf(own);
  const mean = new Float64Array(size);
  for (let i = 0; i < means.data.length; i += 1)
    mean[i % size] = (mean[i % size] ?? 0) + (means.data[i] ?? 0) / classes;
  return Float32Array.from(mean);
}

/** The usual range of every unit of a generator's code, [...code shape, 2]; null when the model states none. */
export async function codeRange(registered: RegisteredModel): Promise<ArrayTensor | null> {
  const { companions } = registered;
  return companions.codeRange === null ? null : companionTensor(registered, companions.codeRange, 'range of codes');
}

async function companionTensor({ manifest }: RegisteredModel, path: string, what: string): Promise<ArrayTensor> {
  const file = await readFile(path).catch(() => {
    throw new ElucidError('model-failed', `the ${what} of ${manifest.name} cannot be read any more`);
  });
  try {
    return decodeNpy(file);
  } catch (error) {
    if (!(error instanceof NpyError)) throw error;
    throw new ElucidError('model-failed', `the ${what} of ${manifest.name}: ${error.message}`);
  }
}
