import { type Layer, NETWORK_INPUT, type Network, shapeAt } from '../../models/network.ts';
import { forward, scoresOf } from '../models/forward.ts';
import { at } from '../models/values.ts';
import { total } from './closeness.ts';
import { centralDifferences } from './slowGradient.ts';

/** What one unit of a ReLU passes back: x is its input, `arriving` what comes to its output. */
export type ReluRule = (x: number, arriving: number) => number;

export const RELU_RULES = {
  gradient: (x, arriving) => (x > 0 ? arriving : 0),
  'guided-backprop': (x, arriving) => (x > 0 && arriving > 0 ? arriving : 0),
  deconvnet: (_x, arriving) => Math.max(arriving, 0),
} satisfies Record<string, ReluRule>;

/**
 * Takes the weights of the outputs back to the input: at ReLUs by a rule, through every other layer by the matrix of its
 * derivatives (central differences in float64), through `add` to all that is added.
 */
export function slowBackward(
  network: Network,
  x: ArrayLike<number>,
  target: ArrayLike<number>,
  relu: ReluRule,
): Float64Array {
  const outputs = forward(network, x);
  const valueAt = (index: number) => (index === NETWORK_INPUT ? Float64Array.from(x) : at(outputs, index).data);
  const arrived = new Map<number, Float64Array>([[network.output, Float64Array.from(target)]]);
  for (let index = network.output; index > NETWORK_INPUT; index -= 1) {
    const layer = at(network.layers, index);
    const arriving = arrived.get(index);
    if (arriving === undefined) continue;
    for (const input of layer.inputs) {
      const passed = backThrough(layer, valueAt(input), shapeAt(network, input), arriving, relu);
      const before = arrived.get(input);
      arrived.set(
        input,
        passed.map((value, i) => value + (before?.[i] ?? 0)),
      );
    }
  }
  return arrived.get(NETWORK_INPUT) ?? new Float64Array();
}

function backThrough(
  layer: Layer,
  x: Float64Array,
  inputShape: readonly number[],
  arriving: Float64Array,
  relu: ReluRule,
): Float64Array {
  if (layer.type === 'add') return arriving;
  if (layer.type === 'activation' && layer.function.name === 'relu') {
    return x.map((value, i) => relu(value, at(arriving, i)));
  }
  const alone: Network = {
    id: 'alone',
    inputShape,
    layers: [{ ...layer, inputs: [NETWORK_INPUT] }],
    output: 0,
    outputFunction: 'none',
  };
  return centralDifferences((moved) => total(scoresOf(alone, moved).map((value, j) => value * at(arriving, j))), x);
}
