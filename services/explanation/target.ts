import { layerAt, type Network } from '../../models/network.ts';
import type { Shape } from '../../models/tensors/tensor.ts';
import { BATCH, type Value } from '../engine/graph.ts';
import type { GraphBuilder } from '../engine/graphBuilder.ts';

/** Label of the graph input that says what is explained, [N, width]. */
export const TARGET = 'target';
/** Label of the graph input that holds what the network sees, [N, ...input shape]. */
export const INPUT = 'input';

/** Number of outputs that are explained. */
export function outputsOf(network: Network): number {
  const { shape } = layerAt(network, network.output);
  if (shape.length !== 1 || shape[0] === undefined) {
    throw new RangeError(`the explained output must be a vector, its shape is [${shape.join(', ')}]`);
  }
  return shape[0];
}

/**
 * Length of a target's row. For a vector: one weight per unit. For a layer [C, H, W]: one-hot vectors of the channel, the
 * row and the column, one after the other; the last two all zeros for the position of the channel's maximum.
 */
export function targetWidth(shape: Shape): number {
  return shape.reduce((sum, length) => sum + length, 0);
}

/** The row of a unit: `indices` has one entry per axis of the layer, or only the channel. */
export function unitRow(shape: Shape, indices: readonly number[]): Float32Array {
  const row = new Float32Array(targetWidth(shape));
  let offset = 0;
  shape.forEach((length, axis) => {
    const index = indices[axis];
    if (index !== undefined) row[offset + index] = 1;
    offset += length;
  });
  return row;
}

/**
 * The weights of the network's outputs: the row that was given, or, where it is all zeros, the predicted output: one-hot at
 * the first maximum; for a single sigmoid output the sign of the score, so that the likelier of its two classes is explained.
 */
export function outputTarget(g: GraphBuilder, network: Network, scores: Value): Value {
  const given = g.input(TARGET, [BATCH, outputsOf(network)]);
  const zero = g.scalar(0);
  const one = g.scalar(1);
  const binary = outputsOf(network) === 1 && network.outputFunction === 'sigmoid';
  const predicted = binary ? g.where(g.greater(scores, zero), one, g.scalar(-1)) : g.oneHotMax(scores);
  const isGiven = g.greater(g.reduceMax(g.abs(given), [1], true), zero);
  return g.where(isGiven, given, predicted);
}

/** The weights of a hidden layer's units, in the shape of its output: 1 at the explained one. */
export function unitTarget(g: GraphBuilder, values: Value): Value {
  const shape = values.shape.slice(1);
  const given = g.input(TARGET, [BATCH, targetWidth(shape)]);
  const [channels = 0, height = 0, width = 0] = shape;
  if (shape.length === 1) return given;
  const part = (offset: number, length: number, as: Shape) =>
    g.reshape(g.slice(given, [0, offset], [BATCH, length]), [BATCH, ...as]);
  const channel = part(0, channels, [channels, 1, 1]);
  const row = part(channels, height, [1, height, 1]);
  const column = part(channels + height, width, [1, 1, width]);
  const own = g.reduceSum(g.mul(channel, values), [1]);
  const first = g.reshape(g.oneHotMax(g.reshape(own, [BATCH, height * width])), [BATCH, 1, height, width]);
  const isGiven = g.greater(g.reduceMax(row, [1, 2, 3], true), g.scalar(0));
  return g.mul(channel, g.where(isGiven, g.mul(row, column), first));
}
