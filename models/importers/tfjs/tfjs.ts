import { posix } from 'node:path';
import { importError } from '../faults.ts';
import type { Importer } from '../importer.ts';
import { graphNetwork } from './graph/graphModel.ts';
import { layersNetwork } from './layersModel.ts';
import { readModelFile } from './modelFile.ts';
import { readWeights } from './weights.ts';

/** Reads a TensorFlow.js model, a Layers model or a graph model: model.json with the topology, and binary weights. */
export const importTfjs: Importer = async ({ definition, weights: files, inputShape, output }) => {
  if (definition === null || 'random' in files) {
    throw importError('the format tfjs needs a definition (model.json) and files of weights');
  }
  const file = await readModelFile(definition);
  const weights = await readWeights(file.weightsManifest, files, posix.dirname(definition.name));
  return file.format === 'graph-model'
    ? graphNetwork(file, weights, inputShape, output)
    : layersNetwork(file.modelTopology, weights, inputShape, output);
};
