import '@tensorflow/tfjs-backend-cpu';
import { loadGraphModel } from '@tensorflow/tfjs-converter';
import * as tf from '@tensorflow/tfjs-core';
import type { Network } from '../../models/network.ts';
import { scoresOf } from './forward.ts';
import { type GraphModel, importedGraph } from './graphModel.ts';
import { largestDifference } from './importedKeras.ts';
import { randomNumbers } from './kerasLayers.ts';
import { filled, reordered, type Values } from './values.ts';

/** What TensorFlow.js itself computes for one input, in TensorFlow's order. */
export async function graphForward(model: GraphModel, input: Values, output: string): Promise<Float32Array> {
  tf.env().set('IS_TEST', true);
  await tf.setBackend('cpu');
  const loaded = await loadGraphModel({
    load: async () => ({
      modelTopology: model.topology(),
      weightSpecs: model.weightSpecs(),
      weightData: model.bytes().buffer,
    }),
  });
  const x = tf.tensor(Float32Array.from(input.data), [1, ...input.shape]);
  const result = loaded.execute({ x }, output);
  const [first] = Array.isArray(result) ? result : [result];
  if (first === undefined) throw new RangeError(`no output ${output}`);
  const values = Float32Array.from(await first.data());
  loaded.dispose();
  tf.dispose([x, result]);
  return values;
}

/** A random input of TensorFlow's shape. */
export function randomValues(shape: readonly number[], seed: number): Values {
  const random = randomNumbers(seed);
  return filled(shape, () => 2 * random() - 1);
}

/** The same with channels first. */
export function channelsFirst(input: Values): Values {
  const rank = input.shape.length;
  return reordered(
    input,
    input.shape.map((_, axis) => (axis + rank - 1) % rank),
  );
}

/** Imports a graph and expects its scores to be what TensorFlow.js computes at a node, for three inputs. */
export async function expectSameAsTensorFlow(model: GraphModel, node: string): Promise<Network> {
  const network = await importedGraph(model);
  for (const seed of [1, 2, 3]) {
    const input = randomValues(model.inputShape, seed);
    const expected = await graphForward(model, input, node);
    const actual = scoresOf(network, channelsFirst(input).data);
    expect(actual.length).toBe(expected.length);
    expect(largestDifference(actual, expected)).toBeLessThan(1e-5);
  }
  return network;
}
