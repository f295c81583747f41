import { type Layer, layerAt } from '../../../models/network.ts';
import type { Value } from '../../engine/graph.ts';
import type { GraphBuilder } from '../../engine/graphBuilder.ts';
import { type ForwardPass, sum } from './forward.ts';

/** One step of a backward pass: a layer, its in- and output in the forward pass, and what arrives at the output. */
export interface BackwardStep {
  readonly index: number;
  readonly layer: Layer;
  readonly inputs: readonly Value[];
  readonly output: Value;
  /** Sum over all layers that read this output. */
  readonly arriving: Value;
}

/** Where a backward pass begins and ends: layer indices, or `NETWORK_INPUT`. */
export interface Route {
  readonly from: number;
  readonly to: number;
}

export interface Arrived {
  /** What arrives at the end of the route; null when the start does not depend on it. */
  readonly atEnd: Value | null;
  /** What arrived below the end by ways around it. */
  readonly around: readonly Value[];
}

/**
 * Walks from a layer's output back to another one, or to the input. Where a value is used several times, what comes back
 * adds up.
 * @param start what is put in at the output of `from`, in its shape
 * @param step what arrives at each input of a layer
 */
export function backwardPass(
  g: GraphBuilder,
  { network, at }: ForwardPass,
  { from, to }: Route,
  start: Value,
  step: (step: BackwardStep) => readonly Value[],
): Arrived {
  const arrived = new Map<number, Value[]>([[from, [start]]]);
  for (let index = from; index > to; index -= 1) {
    const parts = arrived.get(index);
    if (parts === undefined) continue;
    arrived.delete(index);
    const layer = layerAt(network, index);
    g.at(layer.name);
    const passed = step({ index, layer, inputs: layer.inputs.map(at), output: at(index), arriving: sum(g, parts) });
    layer.inputs.forEach((input, i) => {
      const value = passed[i];
      if (value !== undefined) arrived.set(input, [...(arrived.get(input) ?? []), value]);
    });
  }
  const atEnd = arrived.get(to);
  arrived.delete(to);
  return { atEnd: atEnd === undefined ? null : sum(g, atEnd), around: [...arrived.values()].flat() };
}
