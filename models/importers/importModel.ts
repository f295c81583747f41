import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { ElucidError } from '../../schemas/errors.ts';
import type { Manifest } from '../../schemas/manifest.ts';
import { layerAt, type Network } from '../network.ts';
import { isComplete, loadNetwork, saveNetwork } from '../networkStore.ts';
import type { RegisteredFile, RegisteredModel } from '../registry/registeredModel.ts';
import type { TensorStore } from '../tensors/store.ts';
import { importError } from './faults.ts';
import type { Importer, ImportSource, SourceFile } from './importer.ts';

/** Loaded when a model of the format is imported: a network that the store holds already does without. */
const IMPORTERS: Readonly<Record<Manifest['format'], () => Promise<Importer>>> = {
  caffe: async () => (await import('./caffe/caffe.ts')).importCaffe,
  onnx: async () => (await import('./onnx/onnx.ts')).importOnnx,
  tfjs: async () => (await import('./tfjs/tfjs.ts')).importTfjs,
};

/**
 * The network of a model, its weights in the store. Imports the model's files when the store does not hold it whole;
 * otherwise reads only the structure. Several processes may do so at once.
 * @throws ElucidError `model-failed`
 */
export async function importModel(model: RegisteredModel, store: TensorStore): Promise<Network> {
  const known = await loadNetwork(model.id, store);
  const network = known !== null && (await isComplete(known, store)) ? known : await importFiles(model, store);
  checkLabels(model, network);
  return network;
}

async function importFiles(model: RegisteredModel, store: TensorStore): Promise<Network> {
  const { format } = model.manifest;
  const read = await IMPORTERS[format]();
  try {
    return await saveNetwork({ id: model.id, ...(await read(sourceOf(model))) }, store);
  } catch (error) {
    throw error instanceof ElucidError ? named(model, error) : error;
  }
}

function named({ manifest }: RegisteredModel, error: ElucidError): ElucidError {
  return new ElucidError(error.code, `the model ${manifest.name} ${manifest.version}: ${error.message}`, error.faults);
}

function sourceOf({ manifest, definition, weights }: RegisteredModel): ImportSource {
  const { files, input, output } = manifest;
  return {
    definition: definition && sourceFile(definition),
    weights: 'random' in files.weights ? files.weights : weights.map(sourceFile),
    inputShape: input.shape,
    output: { kind: output.kind, layer: output.layer ?? null },
  };
}

function sourceFile(file: RegisteredFile): SourceFile {
  const { name, bytes } = file;
  return { name, bytes, read: () => readUnchanged(file) };
}

/** A larger file cannot be read into memory at once. */
const MAX_FILE_BYTES = 2 ** 31 - 1;

/** A file's content, if it is still the one whose hash is part of the model's identity. */
async function readUnchanged({ name, path, bytes, sha256 }: RegisteredFile): Promise<Uint8Array> {
  if (bytes > MAX_FILE_BYTES)
    throw importError(`the file ${name} has ${bytes} bytes; at most ${MAX_FILE_BYTES} are read`);
  const content = await readFile(path).catch(() => null);
  if (content === null) throw importError(`the file ${name} cannot be read any more`);
  if (createHash('sha256').update(content).digest('hex') !== sha256) {
    throw importError(`the file ${name} has changed since the models were read; reload them`);
  }
  return content;
}

/** One label per output; one sigmoid output may have two, for below and above zero. */
function checkLabels(model: RegisteredModel, network: Network): void {
  const [outputs = 0] = layerAt(network, network.output).shape;
  const count = model.labels?.length ?? outputs;
  const isBinary = outputs === 1 && count === 2 && network.outputFunction === 'sigmoid';
  if (count !== outputs && !isBinary) {
    throw named(model, importError(`there are ${count} labels for ${outputs} outputs`));
  }
}
