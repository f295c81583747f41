import {
  isLinear,
  type Layer,
  type LinearLayer,
  NETWORK_INPUT,
  type Network,
  shapeAt,
} from '../../../models/network.ts';
import { BATCH, type Value } from '../../engine/graph.ts';
import type { GraphBuilder } from '../../engine/graphBuilder.ts';
import { activate, perChannel } from './activations.ts';
import { averageMap, linearMap } from './linearMap.ts';
import { normalise } from './lrn.ts';

/** All values of a forward pass, by layer index; `NETWORK_INPUT` is the input. */
export interface ForwardPass {
  readonly network: Network;
  at(index: number): Value;
}

/** Another way to a linear layer's output, where there is one. */
export type OutputOf = (index: number, layer: LinearLayer, x: Value) => Value | null;

/** Builds the forward pass of a network up to its explained output. */
export function forwardPass(
  g: GraphBuilder,
  network: Network,
  input: Value,
  outputOf: OutputOf = () => null,
): ForwardPass {
  const values: Value[] = [];
  const at = (index: number): Value => {
    const value = index === NETWORK_INPUT ? input : values[index];
    if (value === undefined) throw new RangeError(`layer ${index} was not computed`);
    return value;
  };
  for (const [index, layer] of network.layers.slice(0, network.output + 1).entries()) {
    g.at(layer.name);
    const shape = shapeAt(network, layer.inputs[0] ?? NETWORK_INPUT);
    const inputs = layer.inputs.map(at);
    const [x] = inputs;
    const other = isLinear(layer) && x !== undefined ? outputOf(index, layer, x) : null;
    values.push(other ?? applyLayer(g, layer, inputs, shape));
  }
  return { network, at };
}

/**
 * The output of one layer.
 * @param inputShape shape of the layer's first input, without the batch
 */
export function applyLayer(
  g: GraphBuilder,
  layer: Layer,
  inputs: readonly Value[],
  inputShape: readonly number[],
): Value {
  const [x] = inputs;
  if (x === undefined) throw new RangeError(`layer ${layer.name} has no input`);
  if (isLinear(layer)) {
    const bias = layer.bias === null ? null : g.constant(layer.bias);
    return linearMap(g, layer, g.constant(layer.weight), inputShape).apply(x, bias);
  }
  const [batch = BATCH] = x.shape;
  switch (layer.type) {
    case 'affine':
      return g.add(g.mul(x, perChannel(g, g.constant(layer.scale), x)), perChannel(g, g.constant(layer.offset), x));
    case 'activation':
      return activate(g, layer.function, x);
    case 'maxPool2d':
      return g.maxPool2d(x, layer);
    case 'avgPool2d':
      return averageMap(g, layer, inputShape).apply(x, null);
    case 'lrn':
      return normalise(g, layer, x);
    case 'add':
      return sum(
        g,
        inputs.map((input, i) => scaled(g, input, layer.coefficients?.[i] ?? 1)),
      );
    case 'concat':
      return g.concat(inputs, layer.axis + 1);
    case 'reshape':
      return g.reshape(x, [batch, ...layer.shape]);
    case 'permute':
      return g.transpose(x, [0, ...layer.order.map((axis) => axis + 1)]);
    case 'pad':
      return g.pad(x, [[0, 0], ...layer.padding]);
    case 'crop':
      return g.slice(x, [0, ...layer.begin], [batch, ...layer.shape]);
    default:
      return layer satisfies never;
  }
}

export function scaled(g: GraphBuilder, value: Value, factor: number): Value {
  return factor === 1 ? value : g.mul(value, g.scalar(factor));
}

/** The sum of at least one value. */
export function sum(g: GraphBuilder, values: readonly Value[]): Value {
  return values.reduce((total, value) => g.add(total, value));
}
