import { basename } from 'node:path';
import { importModel } from '../../models/importers/importModel.ts';
import type { Network } from '../../models/network.ts';
import type { RegisteredModel } from '../../models/registry/registeredModel.ts';
import type { TensorStore } from '../../models/tensors/store.ts';
import { type ArrayTensor, arrayTensor, type Shape } from '../../models/tensors/tensor.ts';
import type { ManifestSpec, RandomWeights } from '../../schemas/manifest.ts';
import type { Engine } from '../../services/engine/engine.ts';
import { BATCH } from '../../services/engine/graph.ts';
import { GraphBuilder } from '../../services/engine/graphBuilder.ts';
import { forwardPass } from '../../services/explanation/layers/forward.ts';
import { dataFile, registered } from './onnxModel.ts';

/** Weights by He's filler: the speed, memory and shapes of a net do not depend on the values. */
export const MSRA: RandomWeights = { random: { seed: 1, filler: 'msra' } };

/** A Caffe model of the data: the folder, the prototxt in it, and the weights. */
export interface CaffeData {
  readonly name: string;
  readonly definition: string;
  readonly weights: string | RandomWeights;
  readonly input: ManifestSpec['input'];
  readonly output?: ManifestSpec['output'];
}

/** A tensor input of some shape. */
export function tensorInput(shape: Shape): ManifestSpec['input'] {
  return { kind: 'tensor', shape: [...shape] };
}

/** A model registered and imported as the service does. */
export interface ImportedModel {
  readonly model: RegisteredModel;
  readonly network: Network;
}

/** @param labels a file with labels, copied beside the model */
export async function caffeModel(data: CaffeData, store: TensorStore, labels?: string): Promise<ImportedModel> {
  const { name, definition, weights, input, output = { kind: 'classification' } } = data;
  const manifest: ManifestSpec = {
    name,
    version: '1',
    format: 'caffe',
    files: {
      definition: { path: basename(definition) },
      weights: typeof weights === 'string' ? { path: basename(weights) } : weights,
    },
    input,
    output: labels === undefined ? output : { ...output, labels: basename(labels) },
  };
  const files = [definition, ...(typeof weights === 'string' ? [weights] : [])].map((path) => dataFile('caffe', path));
  const { model, remove } = await registered(manifest, labels === undefined ? files : [...files, labels]);
  try {
    return { model, network: await importModel(model, store) };
  } finally {
    await remove();
  }
}

/** The network's outputs for a batch: the forward pass alone. */
export async function outputsFor(engine: Engine, network: Network, input: ArrayTensor): Promise<ArrayTensor> {
  const g = new GraphBuilder();
  const x = g.input('input', [BATCH, ...network.inputShape]);
  const output = forwardPass(g, network, x).at(network.output);
  const executable = await engine.compile(g.build({ output }), network.id);
  try {
    const { output: computed } = await executable.run({ input });
    return computed ?? arrayTensor([0], new Float32Array());
  } finally {
    await executable.dispose();
  }
}

/** Shape of a layer's output. */
export function shapeOf({ layers }: Network, name: string): Shape | undefined {
  return layers.find((layer) => layer.name === name)?.shape;
}

/** The largest |a − b|. */
export function largestDistance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let largest = a.length === b.length ? 0 : Number.NaN;
  for (let k = 0; k < b.length; k += 1) {
    const distance = Math.abs((a[k] ?? Number.NaN) - (b[k] ?? Number.NaN));
    largest = distance <= largest ? largest : distance;
  }
  return largest;
}
