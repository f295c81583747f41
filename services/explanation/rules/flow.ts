import type { Value } from '../../engine/graph.ts';
import type { GraphBuilder } from '../../engine/graphBuilder.ts';
import type { LinearMap } from '../layers/linearMap.ts';

/** Contributions x_i w_ij: an input (null: all ones) and the weights that it meets. */
export interface Part {
  readonly input: Value | null;
  readonly map: LinearMap;
}

/**
 * One normalised distribution of relevance: R_i = Σ_j (Σ_parts x_i w_ij) · relevance_j / S_ε(z_j). Every rule for linear
 * layers is one or two of these.
 */
export interface Flow {
  readonly parts: readonly Part[];
  /** The denominator before stabilisation: the sum of all contributions, and of the bias. */
  readonly z: Value;
  /** The bias in z, broadcastable to it; null when there is none. */
  readonly bias: Value | null;
  /** ε, broadcastable to z; null for ε = 0: nothing passes where z = 0. */
  readonly epsilon: Value | null;
  /** What is distributed: the arriving relevance, times this flow's share. */
  readonly relevance: Value;
  /** Arriving relevance that the rule lets no flow distribute. */
  readonly lost?: Value;
}

/** Collects, per batch item, the relevance that does not reach the layer below. */
export interface Losses {
  add(kind: 'bias' | 'stabiliser' | 'dead' | 'dropped', amount: Value): void;
}

/** The relevance of a linear layer's input: the sum of its flows. */
export function propagate(g: GraphBuilder, flows: readonly Flow[], losses: Losses): Value {
  const arriving = new Map<Value | null, Value>();
  for (const flow of flows) {
    const s = normalised(g, flow, losses);
    for (const { input, map } of flow.parts) {
      const known = arriving.get(input);
      const share = map.transpose(s);
      arriving.set(input, known === undefined ? share : g.add(known, share));
    }
  }
  const shares = [...arriving].map(([input, share]) => (input === null ? share : g.mul(input, share)));
  return shares.reduce((sum, share) => g.add(sum, share));
}

/** relevance_j / S_ε(z_j), S_ε(z) = z + ε·sgn(z) with sgn(0) = +1; 0 where S_ε = 0. */
export function normalised(
  g: GraphBuilder,
  { z, bias, epsilon, relevance, lost }: Omit<Flow, 'parts'>,
  losses: Losses,
): Value {
  const zero = g.scalar(0);
  const isZero = g.equal(z, zero);
  const dead = total(g, g.where(isZero, relevance, zero));
  losses.add('dead', dead);
  if (lost !== undefined) losses.add('dead', total(g, lost));
  if (epsilon === null) {
    const s = g.where(isZero, zero, g.div(relevance, g.where(isZero, g.scalar(1), z)));
    if (bias !== null) losses.add('bias', weightedTotal(g, s, bias));
    return s;
  }
  const signed = z.nonNegative ? epsilon : g.where(g.greaterEqual(z, zero), epsilon, g.neg(epsilon));
  const s = g.div(relevance, g.add(z, signed));
  const taken = z.nonNegative ? weightedTotal(g, s, epsilon) : total(g, g.mul(s, signed));
  losses.add('stabiliser', g.sub(taken, dead));
  if (bias !== null) losses.add('bias', weightedTotal(g, s, bias));
  return s;
}

/** Σ over everything but the batch: [N]. */
export function total(g: GraphBuilder, value: Value): Value {
  return g.reduceSum(
    value,
    value.shape.slice(1).map((_, axis) => axis + 1),
  );
}

/** Σ_j s_j w_j for weights that are the same at all places of a channel: [N]. */
function weightedTotal(g: GraphBuilder, s: Value, weights: Value): Value {
  const places = s.shape.slice(2).map((_, axis) => axis + 2);
  const perChannel = places.length === 0 ? s : g.reduceSum(s, places, true);
  return total(g, g.mul(perChannel, weights));
}
