import type { Network } from '../../models/network.ts';
import { forward } from '../models/forward.ts';
import { at } from '../models/values.ts';
import { total } from './closeness.ts';

/** A function of an input, in float64. */
export type Score = (x: ArrayLike<number>) => number;

/** Σ_k target_k · (output k of a layer; of the network's output, if none is given) by the slow evaluator. */
export function scoreOf(network: Network, target: ArrayLike<number>, layer = network.output): Score {
  return (x) => total(at(forward(network, x), layer).data.map((value, k) => value * (target[k] ?? 0)));
}

const STEP = 1e-5;

/** ∂f/∂x_i as (f(x + h) − f(x − h)) / 2h, in float64. */
export function centralDifferences(f: Score, x: ArrayLike<number>): Float64Array {
  return Float64Array.from(x, (_, i) => {
    const moved = (step: number) => Float64Array.from(x, (value, k) => (k === i ? value + step : value));
    return (f(moved(STEP)) - f(moved(-STEP))) / (2 * STEP);
  });
}
