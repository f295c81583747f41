import { ElucidError } from '../../schemas/errors.ts';
import type { Manifest } from '../../schemas/manifest.ts';
import { readBinaryproto } from '../importers/caffe/caffemodel.ts';
import { allFinite } from '../tensors/finite.ts';
import { decodeNpy, NpyError } from '../tensors/npy.ts';
import type { ArrayTensor } from '../tensors/tensor.ts';
import { ModelFault, readInside } from './files.ts';

const MAX_MEAN_BYTES = 256 * 2 ** 20;

/**
 * The mean image that a manifest names, [channels, height, width]: Caffe's when its name ends in .binaryproto, else .npy.
 * Null when it names none.
 * @throws ModelFault
 */
export async function readMeanImage(folder: string, input: Manifest['input']): Promise<Float32Array | null> {
  const name = input.kind === 'image' ? input.preprocessing.mean : null;
  if (typeof name !== 'string') return null;
  const { shape, data } = decodeMean(name, await readInside(folder, name, MAX_MEAN_BYTES));
  if (shape.length === 3 && shape[0] === input.shape[0] && allFinite(data)) return data;
  throw new ModelFault(
    `the mean file ${name}: a mean image is [${input.shape[0]}, height, width] and finite, this one is [${shape.join(', ')}]`,
  );
}

function decodeMean(name: string, bytes: Uint8Array): ArrayTensor {
  try {
    return name.endsWith('.binaryproto') ? readBinaryproto(bytes) : decodeNpy(bytes);
  } catch (error) {
    if (!(error instanceof NpyError || error instanceof ElucidError)) throw error;
    throw new ModelFault(`the mean file ${name}: ${error.message}`);
  }
}
