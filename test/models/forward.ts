import { type ActivationFunction, type Layer, NETWORK_INPUT, type Network } from '../../models/network.ts';
import type { TensorStore } from '../../models/tensors/store.ts';
import { arrayTensor, type Shape, sizeOf, type Tensor } from '../../models/tensors/tensor.ts';
import { averagePool, convolve, convolveTransposed, localResponse, maxPool } from './forwardWindows.ts';
import { at, filled, offsetOf, parameter, placeOf, reordered, type Values } from './values.ts';

/**
 * The outputs of all layers of a network whose parameters are in memory, for one input without a batch: plain loops in
 * float64, each layer as models/network.ts defines it. The reference for everything faster.
 */
export function forward(network: Network, input: ArrayLike<number>): readonly Values[] {
  const first = { shape: network.inputShape, data: Float64Array.from(input) };
  if (first.data.length !== sizeOf(first.shape)) throw new RangeError(`${first.data.length} values for ${first.shape}`);
  const outputs: Values[] = [];
  for (const layer of network.layers) {
    const inputs = layer.inputs.map((index) => (index === NETWORK_INPUT ? first : at(outputs, index)));
    outputs.push(evaluated(layer, inputs));
  }
  return outputs;
}

/** The explained scores of one input. */
export function scoresOf(network: Network, input: ArrayLike<number>): Float64Array {
  return at(forward(network, input), network.output).data;
}

/** The network with every stored parameter read into memory. */
export async function inMemory(network: Network, store: TensorStore): Promise<Network> {
  const read = async (tensor: Tensor) => arrayTensor(tensor.shape, await store.read(tensor));
  const layers = await Promise.all(
    network.layers.map(async (layer): Promise<Layer> => {
      if ('weight' in layer) {
        return { ...layer, weight: await read(layer.weight), bias: layer.bias && (await read(layer.bias)) };
      }
      if (layer.type === 'affine')
        return { ...layer, scale: await read(layer.scale), offset: await read(layer.offset) };
      if (layer.type !== 'activation' || layer.function.name !== 'prelu') return layer;
      return { ...layer, function: { ...layer.function, slope: await read(layer.function.slope) } };
    }),
  );
  return { ...network, layers };
}

function evaluated(layer: Layer, inputs: readonly Values[]): Values {
  const x = at(inputs, 0);
  switch (layer.type) {
    case 'dense':
      return dense(x, parameter(layer.weight), layer.bias && parameter(layer.bias));
    case 'conv2d':
      return convolve(layer, x);
    case 'conv2dTranspose':
      return convolveTransposed(layer, x);
    case 'affine': {
      const [scale, offset] = [parameter(layer.scale).data, parameter(layer.offset).data];
      return perChannel(x, (value, c) => at(scale, c) * value + at(offset, c));
    }
    case 'activation':
      return activated(layer.function, x);
    case 'maxPool2d':
      return maxPool(layer, x);
    case 'avgPool2d':
      return averagePool(layer, x);
    case 'lrn':
      return localResponse(layer, x);
    case 'add':
      return {
        ...x,
        data: x.data.map((_, k) => sum(inputs, (input, i) => (layer.coefficients?.[i] ?? 1) * at(input.data, k))),
      };
    case 'concat':
      return concat(inputs, layer.axis, layer.shape);
    case 'reshape':
      return { shape: layer.shape, data: x.data };
    case 'permute':
      return reordered(x, layer.order);
    case 'pad':
      return gather(layer.shape, x, (to) => to.map((place, axis) => place - at(at(layer.padding, axis), 0)));
    case 'crop':
      return gather(layer.shape, x, (to) => to.map((place, axis) => place + at(layer.begin, axis)));
    default:
      return layer satisfies never;
  }
}

function dense(x: Values, weight: Values, bias: Values | null): Values {
  const [outputs, inputs] = [at(weight.shape, 0), at(weight.shape, 1)];
  const data = new Float64Array(outputs);
  for (let o = 0; o < outputs; o += 1) {
    let z = bias === null ? 0 : at(bias.data, o);
    for (let i = 0; i < inputs; i += 1) z += at(weight.data, o * inputs + i) * at(x.data, i);
    data[o] = z;
  }
  return { shape: [outputs], data };
}

const SELU_ALPHA = 1.6732632423543772;
const SELU_SCALE = 1.0507009873554805;

function activated(f: ActivationFunction, x: Values): Values {
  if (f.name === 'prelu') {
    const slope = parameter(f.slope).data;
    return perChannel(x, (value, c) => (value > 0 ? value : at(slope, c) * value));
  }
  return { ...x, data: x.data.map((value) => activation(f, value)) };
}

function activation(f: Exclude<ActivationFunction, { name: 'prelu' }>, x: number): number {
  switch (f.name) {
    case 'relu':
      return Math.max(x, 0);
    case 'sigmoid':
      return 1 / (1 + Math.exp(-x));
    case 'tanh':
      return Math.tanh(x);
    case 'softplus':
      return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
    case 'softsign':
      return x / (1 + Math.abs(x));
    case 'selu':
      return SELU_SCALE * (x > 0 ? x : SELU_ALPHA * Math.expm1(x));
    case 'exp':
      return Math.exp(x);
    case 'log':
      return Math.log(x);
    case 'power':
      return x ** f.exponent;
    case 'abs':
      return Math.abs(x);
    case 'leakyRelu':
      return x > 0 ? x : f.alpha * x;
    case 'elu':
      return x > 0 ? x : f.alpha * Math.expm1(x);
    case 'clip':
      return Math.min(Math.max(x, f.low), f.high);
    default:
      return f satisfies never;
  }
}

function perChannel(x: Values, f: (value: number, channel: number) => number): Values {
  const cells = sizeOf(x.shape.slice(1));
  return { ...x, data: x.data.map((value, k) => f(value, Math.floor(k / cells))) };
}

function concat(inputs: readonly Values[], axis: number, shape: Shape): Values {
  const data = new Float64Array(sizeOf(shape));
  let begin = 0;
  for (const input of inputs) {
    for (const [k, value] of input.data.entries()) {
      const place = placeOf(k, input.shape);
      data[
        offsetOf(
          place.map((p, a) => (a === axis ? p + begin : p)),
          shape,
        )
      ] = value;
    }
    begin += at(input.shape, axis);
  }
  return { shape, data };
}

/** A tensor whose element at `to` is the input's at `from(to)`, or 0 outside. */
function gather(shape: Shape, x: Values, from: (to: readonly number[]) => readonly number[]): Values {
  return filled(shape, (to) => {
    const place = from(to);
    const isInside = place.every((p, axis) => p >= 0 && p < at(x.shape, axis));
    return isInside ? at(x.data, offsetOf(place, x.shape)) : 0;
  });
}

function sum<T>(list: readonly T[], of: (element: T, index: number) => number): number {
  return list.reduce((total, element, index) => total + of(element, index), 0);
}
