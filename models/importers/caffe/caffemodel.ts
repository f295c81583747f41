import { type ArrayTensor, arrayTensor } from '../../tensors/tensor.ts';
import { ImportFault, importError, quoted } from '../faults.ts';
import { readBlobProto } from './blobProto.ts';
import type { CaffeBlob, CaffeWeights } from './net.ts';
import { fieldsOf, WIRE } from './wire.ts';

/** Fields of a layer's message that matter here, by the field of NetParameter that holds such layers. */
const LAYER_FIELDS: Readonly<Record<number, LayerFields>> = {
  2: { name: 4, blobs: 6, v0: 1 },
  100: { name: 1, blobs: 7, v0: null },
};

interface LayerFields {
  readonly name: number;
  readonly blobs: number;
  /** The field that holds a layer of the version before the first. */
  readonly v0: number | null;
}

const MAX_FILE_LAYERS = 20_000;
const MAX_BLOBS = 64;
const MAX_NAME_BYTES = 4096;

/**
 * Reads the blobs of a binary NetParameter, the weights of a trained net: layers of the first or second version. Values
 * are views of `bytes` where they are float32 and aligned.
 * @throws ElucidError `model-failed`
 */
export function readCaffemodel(bytes: Uint8Array): CaffeWeights {
  return guarded('the caffemodel', () => {
    const weights = new Map<string, readonly CaffeBlob[]>();
    let [count, version] = [0, 0];
    for (const { number, wire, begin, end } of fieldsOf(bytes)) {
      const fields = wire === WIRE.bytes && Object.hasOwn(LAYER_FIELDS, number) ? LAYER_FIELDS[number] : undefined;
      if (fields === undefined) continue;
      count += 1;
      if (count > MAX_FILE_LAYERS) throw new ImportFault(`has more than ${MAX_FILE_LAYERS} layers`);
      if (count > 1 && version !== number) throw new ImportFault('has layers of both versions of the format');
      version = number;
      const { name, blobs } = readLayer(bytes.subarray(begin, end), fields);
      if (blobs.length === 0) continue;
      if (weights.has(name)) throw new ImportFault(`has two layers ${quoted(name)} with blobs`);
      weights.set(name, blobs);
    }
    if (count === 0) throw new ImportFault('holds no layers');
    return weights;
  });
}

/**
 * Reads a mean image, a binary BlobProto of one image, as [channels, height, width].
 * @throws ElucidError `model-failed`
 */
export function readBinaryproto(bytes: Uint8Array): ArrayTensor {
  return guarded('the binaryproto', () => {
    const { shape, data } = readBlobProto(bytes);
    const image = shape.length === 4 && shape[0] === 1 ? shape.slice(1) : shape;
    if (image.length !== 3) throw new ImportFault(`has the shape [${shape.join(', ')}], expected that of one image`);
    return arrayTensor(image, data);
  });
}

function guarded<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof ImportFault ? importError(`${what} ${error.message}`) : error;
  }
}

function readLayer(bytes: Uint8Array, fields: LayerFields): { name: string; blobs: readonly CaffeBlob[] } {
  const name = nameOf(bytes, fields);
  const blobs: CaffeBlob[] = [];
  for (const { number, wire, begin, end } of fieldsOf(bytes)) {
    if (number !== fields.blobs || wire !== WIRE.bytes) continue;
    if (blobs.length === MAX_BLOBS)
      throw new ImportFault(`has more than ${MAX_BLOBS} blobs in the layer ${quoted(name)}`);
    try {
      blobs.push(readBlobProto(bytes.subarray(begin, end)));
    } catch (error) {
      if (!(error instanceof ImportFault)) throw error;
      throw new ImportFault(`cannot be read: blob ${blobs.length} of the layer ${quoted(name)} ${error.message}`);
    }
  }
  return { name, blobs };
}

function nameOf(bytes: Uint8Array, fields: LayerFields): string {
  let name = '';
  for (const { number, wire, begin, end } of fieldsOf(bytes)) {
    if (wire !== WIRE.bytes) continue;
    if (number === fields.v0)
      throw new ImportFault("is of Caffe's oldest format; upgrade it by upgrade_net_proto_binary");
    if (number !== fields.name) continue;
    if (end - begin > MAX_NAME_BYTES) throw new ImportFault(`has a layer whose name has ${end - begin} bytes`);
    name = new TextDecoder().decode(bytes.subarray(begin, end));
  }
  return name;
}
