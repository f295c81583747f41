import { readCaffemodel } from './caffemodel.ts';
import { readHdf5 } from './hdf5.ts';
import type { CaffeWeights } from './net.ts';

const HDF5_SIGNATURE = Buffer.from('\x89HDF\r\n\x1a\n', 'latin1');

/**
 * The blobs of trained layers, from a caffemodel or an HDF5 snapshot; the content decides, not the file's name.
 * @throws ElucidError `model-failed`
 */
export async function readWeightsFile(bytes: Uint8Array): Promise<CaffeWeights> {
  const isHdf5 = HDF5_SIGNATURE.equals(bytes.subarray(0, HDF5_SIGNATURE.length));
  return isHdf5 ? readHdf5(bytes) : readCaffemodel(bytes);
}
