import { type Layer, layerAt, NETWORK_INPUT } from '../../../models/network.ts';
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

/**
 * Walks from the explained output back to the input. Where a value is used several times, what comes back adds up.
 * @param start what is put in at the output, [N, outputs]
 * @param step what arrives at each input of a layer
 * @returns what arrives at the network's input; null when the output does not depend on it
 */
export function backwardPass(
  g: GraphBuilder,
  forward: ForwardPass,
  start: Value,
  step: (step: BackwardStep) => readonly Value[],
): Value | null {
  const { network } = forward;
  const arrived = new Map<number, Value[]>([[network.output, [start]]]);
  for (let index = network.output; index >= 0; index -= 1) {
    const parts = arrived.get(index);
    if (parts === undefined) continue;
    const layer = layerAt(network, index);
    g.at(layer.name);
    const inputs = layer.inputs.map((input) => forward.at(input));
    const passed = step({ index, layer, inputs, output: forward.at(index), arriving: sum(g, parts) });
    layer.inputs.forEach((input, i) => {
      const value = passed[i];
      if (value !== undefined) arrived.set(input, [...(arrived.get(input) ?? []), value]);
    });
  }
  const atInput = arrived.get(NETWORK_INPUT);
  return atInput === undefined ? null : sum(g, atInput);
}
