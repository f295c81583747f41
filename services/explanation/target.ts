import { layerAt, type Network } from '../../models/network.ts';
import { type Shape, sizeOf } from '../../models/tensors/tensor.ts';
import { BATCH, type Value } from '../engine/graph.ts';
import type { GraphBuilder } from '../engine/graphBuilder.ts';

/** Label of the graph input that says what is explained, [N, width]. */
export const TARGET = 'target';
/** Label of the graph input that holds what the network sees, [N, ...input shape]. */
export const INPUT = 'input';

/** What is explained, as a graph finds it out. */
export interface ExplainedTarget {
  /** One weight per unit, in the shape of their layer's output. */
  readonly weights: Value;
  /** As a target's row: the predicted output, or the position of a channel's maximum, filled in. */
  readonly row: Value;
}

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
export function outputTarget(g: GraphBuilder, network: Network, scores: Value): ExplainedTarget {
  const given = g.input(TARGET, [BATCH, outputsOf(network)]);
  const zero = g.scalar(0);
  const one = g.scalar(1);
  const binary = outputsOf(network) === 1 && network.outputFunction === 'sigmoid';
  const predicted = binary ? g.where(g.greater(scores, zero), one, g.scalar(-1)) : g.oneHotMax(scores);
  const isGiven = g.greater(g.reduceMax(g.abs(given), [1], true), zero);
  const row = g.where(isGiven, given, predicted);
  return { weights: row, row };
}

/** The explained unit of a hidden layer: at the given position, else where its channel has its first maximum. */
export function unitTarget(g: GraphBuilder, values: Value): ExplainedTarget {
  const shape = values.shape.slice(1);
  const given = g.input(TARGET, [BATCH, targetWidth(shape)]);
  const [channels = 0, ...plane] = shape;
  if (plane.length === 0) return { weights: given, row: given };
  const axes = shape.map((_, axis) => axis + 1);
  const part = (axis: number) => g.slice(given, [0, targetWidth(shape.slice(0, axis))], [BATCH, shape[axis] ?? 0]);
  const along = (axis: number) => g.reshape(part(axis), [BATCH, ...shape.map((side, k) => (k === axis ? side : 1))]);
  const channel = along(0);
  const asked = plane.map((_, k) => along(k + 1)).reduce((product, place) => g.mul(product, place));
  const own = g.reduceSum(g.mul(channel, values), [1]);
  const first = g.reshape(g.oneHotMax(g.reshape(own, [BATCH, sizeOf(plane)])), [BATCH, 1, ...plane]);
  const position = g.where(g.greater(g.reduceMax(asked, axes, true), g.scalar(0)), asked, first);
  const places = plane.map((_, k) => g.reduceMax(position, axes.toSpliced(k + 1, 1)));
  const row = g.concat([g.reshape(channel, [BATCH, channels]), ...places], 1);
  return { weights: g.mul(channel, position), row };
}
