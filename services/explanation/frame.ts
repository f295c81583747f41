import { layerAt, NETWORK_INPUT, type Network, shapeAt } from '../../models/network.ts';
import type { Shape } from '../../models/tensors/tensor.ts';
import { BATCH, type Value } from '../engine/graph.ts';
import { GraphBuilder } from '../engine/graphBuilder.ts';
import type { Route } from './layers/backward.ts';
import { type ForwardPass, forwardPass, type OutputOf } from './layers/forward.ts';
import type { Subject } from './plan.ts';
import { total } from './rules/flow.ts';
import { INPUT, outputTarget, unitTarget } from './target.ts';

/** What every explanation graph begins with: the forward pass and the explained value. */
export interface Frame {
  readonly g: GraphBuilder;
  readonly input: Value;
  readonly forward: ForwardPass;
  /** The network's own outputs, [N, outputs]. */
  readonly scores: Value;
  /** Output of the layer whose units are explained. */
  readonly units: Value;
  /** Weights of these units; the explained value is Σ target · units. */
  readonly target: Value;
  /** The same as a target's row, [N, width]: with the predicted output, or the position of a maximum, filled in. */
  readonly resolved: Value;
  /** The explained value, [N]. */
  readonly explained: Value;
}

/**
 * @param outputOf how rules that compute a layer's output anyway give it, so that it is computed once
 */
export function openFrame(subject: Subject, outputOf?: (g: GraphBuilder) => OutputOf): Frame {
  const { network, unit = null } = subject;
  const g = new GraphBuilder();
  const input = g.input(INPUT, [BATCH, ...network.inputShape]);
  const forward = forwardPass(g, network, input, outputOf?.(g));
  const scores = forward.at(network.output);
  const units = forward.at(unit ?? network.output);
  const { weights: target, row: resolved } = unit === null ? outputTarget(g, network, scores) : unitTarget(g, units);
  return { g, input, forward, scores, units, target, resolved, explained: total(g, g.mul(target, units)) };
}

/** The part of the network that the explained units depend on: it ends at their layer. */
export function explainedNetwork({ network, unit = null }: Subject): Network {
  return unit === null ? network : { ...network, output: unit, outputFunction: 'none' };
}

/** From the explained units to where relevance is wanted. */
export function routeOf({ network, unit, layer }: Subject): Route {
  return { from: unit ?? network.output, to: layer ?? NETWORK_INPUT };
}

/** Shape of the relevance, without the batch. */
export function relevanceShape({ network, layer }: Subject): Shape {
  return shapeAt(network, layer ?? NETWORK_INPUT);
}

/** Shape of the layer whose units are explained. */
export function unitShape({ network, unit }: Subject): Shape {
  return layerAt(network, unit ?? network.output).shape;
}

/** What of a subject changes the graphs. */
export function subjectKey({ unit, layer }: Subject): string {
  return `${unit ?? 'output'}>${layer ?? 'input'}`;
}
