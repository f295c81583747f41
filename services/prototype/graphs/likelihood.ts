import type { OutputFunction } from '../../../models/network.ts';
import type { Value } from '../../engine/graph.ts';
import type { GraphBuilder } from '../../engine/graphBuilder.ts';
import { sumOfItem } from './reductions.ts';

/** A function of a batch, one value per row, and its derivative. */
export interface Term {
  /** [N, 1] */
  readonly value: Value;
  /** In the shape of what it is a function of. */
  readonly derivative: Value;
}

/**
 * log p(c|x) of the class that the target's row selects, and its derivative by the scores z, [N, K].
 * - softmax: z_c − m − log Σ_k exp(z_k − m) with m = max_k z_k; derivative t − softmax(z).
 * - sigmoid: log σ(u) = −softplus(−u) with u = Σ_k t_k z_k, so that t = −1 gives the class below zero of a single output;
 *   derivative t σ(−u).
 */
export function logProbability(
  g: GraphBuilder,
  outputFunction: Exclude<OutputFunction, 'none'>,
  scores: Value,
  target: Value,
): Term {
  if (outputFunction === 'sigmoid') {
    const against = g.neg(sumOfItem(g, g.mul(target, scores)));
    return { value: g.neg(g.softplus(against)), derivative: g.mul(target, g.sigmoid(against)) };
  }
  const below = g.sub(scores, g.reduceMax(scores, [1], true));
  const normaliser = g.log(g.reduceSum(g.exp(below), [1], true));
  const own = sumOfItem(g, g.mul(target, below));
  return { value: g.sub(own, normaliser), derivative: g.sub(target, g.softmax(scores)) };
}
