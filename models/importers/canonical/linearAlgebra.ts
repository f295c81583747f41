import type { AffineLayer, Conv2dLayer, DenseLayer, LinearLayer } from '../../network.ts';
import { type ArrayTensor, arrayTensor, type Tensor } from '../../tensors/tensor.ts';

/** x ↦ scale_c x + offset_c, per channel. */
export interface ChannelMap {
  readonly scale: Float32Array;
  readonly offset: Float32Array;
}

/** The values of a parameter, which importers hold in memory. */
export function valuesOf(tensor: Tensor): Float32Array {
  if (tensor.kind === 'stored') throw new TypeError('an importer holds its parameters in memory');
  return tensor.data;
}

/** The channel map of an affine layer. */
export function channelMapOf(layer: AffineLayer): ChannelMap {
  return { scale: valuesOf(layer.scale), offset: valuesOf(layer.offset) };
}

/**
 * The linear layer that is `layer` followed by `map` on its output channels: w' = w t, b' = b t + u.
 * The name, shape and geometry stay.
 */
export function withOutputMap<L extends LinearLayer>(layer: L, map: ChannelMap): L {
  const outputOf = channelIndices(layer).output;
  const weight = valuesOf(layer.weight).map((value, index) => value * (map.scale[outputOf(index)] ?? 1));
  const bias = map.offset.map((offset, o) => offset + (map.scale[o] ?? 1) * biasAt(layer, o));
  return { ...layer, weight: arrayTensor(layer.weight.shape, weight), bias: vector(bias) };
}

/**
 * The linear layer that is `map` on the input channels followed by `layer`: w' = w t_i, b' = b + Σ_i w_i u_i. Exact only
 * where the layer pads nothing.
 */
export function withInputMap<L extends DenseLayer | Conv2dLayer>(layer: L, map: ChannelMap): L {
  const { input, output } = channelIndices(layer);
  const old = valuesOf(layer.weight);
  const weight = old.map((value, index) => value * (map.scale[input(index)] ?? 1));
  const bias = Float64Array.from({ length: layer.weight.shape[0] ?? 0 }, (_, o) => biasAt(layer, o));
  for (const [index, value] of old.entries()) {
    const o = output(index);
    bias[o] = (bias[o] ?? 0) + value * (map.offset[input(index)] ?? 0);
  }
  return { ...layer, weight: arrayTensor(layer.weight.shape, weight), bias: vector(Float32Array.from(bias)) };
}

interface ChannelIndices {
  readonly input: (index: number) => number;
  readonly output: (index: number) => number;
}

/** Which input and output channel a weight, by its place in the array, connects. */
function channelIndices(layer: LinearLayer): ChannelIndices {
  const [first = 1, second = 1, height = 1, width = 1] = layer.weight.shape;
  const area = height * width;
  const groups = layer.type === 'dense' ? 1 : layer.groups;
  const outer = (index: number) => Math.floor(index / (second * area));
  const inner = (index: number) =>
    Math.floor(outer(index) / (first / groups)) * second + (Math.floor(index / area) % second);
  return layer.type === 'conv2dTranspose' ? { input: outer, output: inner } : { input: inner, output: outer };
}

function biasAt(layer: LinearLayer, output: number): number {
  return layer.bias === null ? 0 : (valuesOf(layer.bias)[output] ?? 0);
}

function vector(data: Float32Array): ArrayTensor {
  return arrayTensor([data.length], data);
}
