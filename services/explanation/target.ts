import type { Network } from '../../models/network.ts';
import { BATCH, type Value } from '../engine/graph.ts';
import type { GraphBuilder } from '../engine/graphBuilder.ts';

/** Label of the graph input that says what is explained: weights of the outputs, [N, outputs]. */
export const TARGET = 'target';
/** Label of the graph input that holds what the network sees, [N, ...input shape]. */
export const INPUT = 'input';

/** Number of outputs that are explained. */
export function outputsOf(network: Network): number {
  const shape = network.layers[network.output]?.shape ?? [];
  if (shape.length !== 1 || shape[0] === undefined) {
    throw new RangeError(`the explained output must be a vector, its shape is [${shape.join(', ')}]`);
  }
  return shape[0];
}

/**
 * The target of every batch item: the row that was given, or, where it is all zeros, the predicted output: one-hot at the
 * first maximum; for a single sigmoid output the sign of the score, so that the likelier of its two classes is explained.
 */
export function effectiveTarget(g: GraphBuilder, network: Network, scores: Value): Value {
  const outputs = outputsOf(network);
  const given = g.input(TARGET, [BATCH, outputs]);
  const zero = g.scalar(0);
  const one = g.scalar(1);
  const binary = outputs === 1 && network.outputFunction === 'sigmoid';
  const predicted = binary ? g.where(g.greater(scores, zero), one, g.scalar(-1)) : g.oneHotMax(scores);
  const isGiven = g.greater(g.reduceMax(g.abs(given), [1], true), zero);
  return g.where(isGiven, given, predicted);
}
