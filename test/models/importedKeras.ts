import type { ImportedOutput } from '../../models/importers/importer.ts';
import { importTfjs } from '../../models/importers/tfjs/tfjs.ts';
import type { Network } from '../../models/network.ts';
import { type Shape, sizeOf } from '../../models/tensors/tensor.ts';
import { largestDifference } from './comparing.ts';
import { scoresOf } from './forward.ts';
import { randomNumbers } from './kerasLayers.ts';
import { type KerasModel, modelJson, sourceOf, weightBytes } from './kerasModel.ts';
import { kerasForward } from './kerasReference.ts';
import { at, filled, reordered, type Values } from './values.ts';

export { largestDifference, layerNamed, typesOf } from './comparing.ts';

/** Imports a model made by hand. `inputShape` is [C, H, W] of an image and [C, L] of a signal unless given. */
export async function imported(model: KerasModel, output?: ImportedOutput, inputShape?: Shape): Promise<Network> {
  const source = sourceOf(
    modelJson(model),
    { 'weights.bin': weightBytes(model) },
    inputShape ?? ourShape(model),
    output,
  );
  return { id: 'test', ...(await importTfjs(source)) };
}

/** Imports a model and expects its scores to be what `layer` (the last) of the reference computes, for three inputs. */
export async function expectSameScores(
  model: KerasModel,
  layer = at(model.layers, model.layers.length - 1).name,
): Promise<Network> {
  const network = await imported(model);
  for (const seed of [1, 2, 3]) {
    const input = randomInput(model, seed);
    const expected = kerasForward(model, input).get(layer);
    const actual = scoresOf(network, ourOrder(model, input).data);
    expect(actual.length).toBe(expected?.data.length);
    expect(largestDifference(actual, expected?.data ?? [])).toBeLessThan(1e-5);
  }
  return network;
}

/** An input in Keras' order. */
export function randomInput(model: KerasModel, seed: number): Values {
  const random = randomNumbers(seed);
  return filled(model.inputShape, () => 2 * random() - 1);
}

/** An input of Keras' as the network takes it. */
export function ourOrder(model: KerasModel, input: Values): Values {
  const order = channelsFirst(model);
  return order === null ? input : reordered(input, order);
}

function ourShape(model: KerasModel): Shape {
  return channelsFirst(model)?.map((axis) => at(model.inputShape, axis)) ?? model.inputShape;
}

/** The order that brings channels first; null where they are, or where there are none. */
function channelsFirst({ inputShape, layers }: KerasModel): readonly number[] | null {
  if (layers.some(({ config }) => config?.['data_format'] === 'channels_first')) return null;
  if (inputShape.length === 3) return [2, 0, 1];
  const isSignal = layers.some(({ className }) => className.includes('1D'));
  return inputShape.length === 2 && isSignal ? [1, 0] : null;
}

/** Number of values of a Keras shape. */
export function volume(shape: Shape): number {
  return sizeOf(shape);
}
