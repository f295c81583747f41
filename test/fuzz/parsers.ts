import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readBinaryproto, readCaffemodel } from '../../models/importers/caffe/caffemodel.ts';
import { readHdf5 } from '../../models/importers/caffe/hdf5.ts';
import { readNet } from '../../models/importers/caffe/prototxt.ts';
import { graphOf } from '../../models/importers/onnx/graph.ts';
import { declaredInput } from '../../models/importers/onnx/input.ts';
import { importOnnx } from '../../models/importers/onnx/onnx.ts';
import { decodeModel } from '../../models/importers/onnx/proto.ts';
import { importTfjs } from '../../models/importers/tfjs/tfjs.ts';
import { type Shape, sizeOf } from '../../models/tensors/tensor.ts';
import { memoryFile } from '../models/kerasModel.ts';
import { sourceOf } from '../models/onnxModel.ts';
import type { FuzzTarget } from './fuzz.ts';

/** A parser, and which files of a folder of models are its. */
export interface FuzzedParser {
  readonly name: string;
  readonly files: RegExp;
  /** Where they lie when they are the project's own. */
  readonly folder?: string;
  readonly parse: FuzzTarget['parse'];
}

const ZOO = join(import.meta.dirname, '../../models/zoo');

/** Every parser of files that come from elsewhere. */
export const PARSERS: readonly FuzzedParser[] = [
  { name: 'prototxt', files: /\.prototxt$/, parse: (bytes) => readNet(new TextDecoder().decode(bytes)) },
  { name: 'caffemodel', files: /\.caffemodel$/, parse: readCaffemodel },
  { name: 'hdf5', files: /\.h5$/, parse: readHdf5 },
  { name: 'binaryproto', files: /\.binaryproto$/, parse: readBinaryproto },
  { name: 'tfjs', files: /^mnist-cnn\/model\.json$/, folder: ZOO, parse: importTfjsFile },
  { name: 'onnx', files: /\.onnx$/, folder: join(import.meta.dirname, '../fixtures/golden'), parse: importOnnxFile },
];

/** Imports a model with the input shape that a manifest would state: the declared one, unless it is not to be believed. */
function importOnnxFile(bytes: Uint8Array): Promise<unknown> {
  const { shape } = declaredInput(graphOf(decodeModel('model.onnx', bytes)).input);
  const stated: Shape = shape?.slice(1).map((side) => side ?? 1) ?? [];
  return importOnnx(sourceOf({ 'model.onnx': bytes }, sizeOf(stated) <= 2 ** 16 ? stated : [3, 8, 8]));
}

/** Imports a model.json with the weights of the one that it was made from. */
async function importTfjsFile(bytes: Uint8Array): Promise<unknown> {
  const weights = new Uint8Array(await readFile(join(ZOO, 'mnist-cnn/weights.bin')));
  return importTfjs({
    definition: memoryFile('model.json', bytes),
    weights: [memoryFile('weights.bin', weights)],
    inputShape: [1, 28, 28],
    output: { kind: 'classification', layer: null },
  });
}
