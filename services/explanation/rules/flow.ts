import { BATCH, type Value } from '../../engine/graph.ts';
import type { GraphBuilder } from '../../engine/graphBuilder.ts';
import type { LinearMap } from '../layers/linearMap.ts';

/** Contributions x_i w_ij: an input (null: all ones) and the weights that it meets. */
export interface Part {
  readonly input: Value | null;
  readonly map: LinearMap;
  /** Adds up what belongs to one element of the layer's input, where `input` holds several values for each. */
  readonly gather?: (contributions: Value) => Value;
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
  /** Whether relevance at z = 0 is reported as dead: of units to which nothing contributes. Otherwise ε has taken it. */
  readonly dead?: boolean;
  /** Arriving relevance that the rule lets no flow distribute. */
  readonly lost?: Value;
}

/** Collects, per batch item, the relevance that does not reach the layer below. */
export interface Losses {
  add(kind: 'bias' | 'stabiliser' | 'dead' | 'dropped', amount: Value): void;
}

/** The relevance of a linear layer's input: the sum of its flows. */
export function propagate(g: GraphBuilder, flows: readonly Flow[], losses: Losses): Value {
  // Parts with the same input are added up before they meet it.
  const arriving = new Map<Value | null, { share: Value; part: Part }>();
  for (const flow of flows) {
    const s = normalised(g, flow, losses);
    for (const part of flow.parts) {
      const known = arriving.get(part.input);
      const share = part.map.transpose(s);
      arriving.set(part.input, { part, share: known === undefined ? share : g.add(known.share, share) });
    }
  }
  const contributions = [...arriving.values()].map(({ share, part: { input, gather = (value) => value } }) =>
    gather(input === null ? share : g.mul(input, share)),
  );
  return contributions.reduce((sum, contribution) => g.add(sum, contribution));
}

/** relevance_j / S_ε(z_j), S_ε(z) = z + ε·sgn(z) with sgn(0) = +1; 0 where S_ε = 0. */
export function normalised(
  g: GraphBuilder,
  { z, bias, epsilon, relevance, dead = false, lost }: Omit<Flow, 'parts'>,
  losses: Losses,
): Value {
  const s = epsilon === null ? unstabilised(g, z, relevance) : g.div(relevance, stabilised(g, z, epsilon));
  if (bias !== null) losses.add('bias', weightedTotal(g, s, bias));
  if (lost !== undefined) losses.add('dead', total(g, lost));
  const atZero = dead || epsilon === null ? total(g, g.where(g.equal(z, g.scalar(0)), relevance, g.scalar(0))) : null;
  if (atZero !== null) losses.add('dead', atZero);
  if (epsilon !== null) {
    const taken = takenByEpsilon(g, s, z, epsilon);
    losses.add('stabiliser', atZero === null ? taken : g.sub(taken, atZero));
  }
  return s;
}

function unstabilised(g: GraphBuilder, z: Value, relevance: Value): Value {
  const isZero = g.equal(z, g.scalar(0));
  return g.where(isZero, g.scalar(0), g.div(relevance, g.where(isZero, g.scalar(1), z)));
}

function stabilised(g: GraphBuilder, z: Value, epsilon: Value): Value {
  return g.add(z, signedEpsilon(g, z, epsilon));
}

function signedEpsilon(g: GraphBuilder, z: Value, epsilon: Value): Value {
  return z.nonNegative ? epsilon : g.where(g.greaterEqual(z, g.scalar(0)), epsilon, g.neg(epsilon));
}

/** Σ_j s_j ε·sgn(z_j). */
function takenByEpsilon(g: GraphBuilder, s: Value, z: Value, epsilon: Value): Value {
  if (!z.nonNegative) return total(g, g.mul(s, signedEpsilon(g, z, epsilon)));
  return g.mul(total(g, s), g.reshape(epsilon, [BATCH]));
}

/** Σ over everything but the batch: [N]. */
export function total(g: GraphBuilder, value: Value): Value {
  const { operation, inputs } = value;
  const [moved] = inputs;
  // Values that only changed places have the same sum, which is then computed once.
  const onlyMoved = operation.name === 'reshape' || (operation.name === 'transpose' && operation.order[0] === 0);
  if (onlyMoved && moved !== undefined && moved.shape[0] === value.shape[0]) return total(g, moved);
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
