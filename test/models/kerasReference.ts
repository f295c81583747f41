import { sizeOf } from '../../models/tensors/tensor.ts';
import { cropping, upsampling, zeroPadding } from './kerasBorders.ts';
import type { KerasModel, KerasSpec } from './kerasModel.ts';
import {
  bordered1d,
  convolution1d,
  depthwise1d,
  globally1d,
  pooling1d,
  transposed1d,
  upsampling1d,
} from './kerasSignals.ts';
import {
  biasOf,
  type Config,
  convolution,
  depthwise,
  number,
  numbers,
  pooling,
  transposed,
  weight,
} from './kerasWindows.ts';
import { at, filled, offsetOf, reordered, type Values } from './values.ts';

/**
 * The output of every layer of a model by Keras' own definitions: plain loops in float64 over [H, W, C] and [L, C], independent of
 * the importer. A channels_first layer is computed as Keras does on a CPU: transposed, computed, transposed back.
 */
export function kerasForward(model: KerasModel, input: Values): ReadonlyMap<string, Values> {
  const values = new Map<string, Values>();
  let previous = input;
  for (const [index, layer] of model.layers.entries()) {
    const inputs = index === 0 || !layer.inbound ? [previous] : layer.inbound.map((name) => known(values, name));
    previous = evaluate(layer, inputs);
    values.set(layer.name, previous);
  }
  return values;
}

function known(values: ReadonlyMap<string, Values>, name: string): Values {
  const value = values.get(name);
  if (value === undefined) throw new RangeError(`no layer ${name}`);
  return value;
}

type Rule = (x: Values, layer: KerasSpec, inputs: readonly Values[]) => Values;

const IMAGE_RULES: Readonly<Record<string, Rule>> = {
  Conv2D: (x, layer) => activate(convolution(x, layer), layer.config),
  DepthwiseConv2D: (x, layer) => activate(depthwise(x, layer), layer.config),
  MaxPooling2D: (x, { config = {} }) => pooling(x, config, (cells) => Math.max(...cells)),
  AveragePooling2D: (x, { config = {} }) => pooling(x, config, mean),
  GlobalMaxPooling2D: (x) => globally(x, (cells) => Math.max(...cells)),
  GlobalAveragePooling2D: (x) => globally(x, mean),
  ZeroPadding2D: (x, { config = {} }) => zeroPadding(x, config),
  SeparableConv2D: (x, layer) => activate(separable(x, layer, depthwise), layer.config),
  Conv2DTranspose: (x, layer) => activate(transposed(x, layer), layer.config),
  Cropping2D: (x, { config = {} }) => cropping(x, config),
  UpSampling2D: (x, { config = {} }) => upsampling(x, config),
};

const SIGNAL_RULES: Readonly<Record<string, Rule>> = {
  Conv1D: (x, layer) => activate(convolution1d(x, layer), layer.config),
  DepthwiseConv1D: (x, layer) => activate(depthwise1d(x, layer), layer.config),
  SeparableConv1D: (x, layer) => activate(separable(x, layer, depthwise1d), layer.config),
  Conv1DTranspose: (x, layer) => activate(transposed1d(x, layer), layer.config),
  MaxPooling1D: (x, { config = {} }) => pooling1d(x, config, (cells) => Math.max(...cells)),
  AveragePooling1D: (x, { config = {} }) => pooling1d(x, config, mean),
  GlobalMaxPooling1D: (x) => globally1d(x, (cells) => Math.max(...cells)),
  GlobalAveragePooling1D: (x) => globally1d(x, mean),
  ZeroPadding1D: (x, { config = {} }) => bordered1d(x, config, 'padding'),
  Cropping1D: (x, { config = {} }) => bordered1d(x, config, 'cropping'),
  UpSampling1D: (x, { config = {} }) => upsampling1d(x, config),
};

const RULES: Readonly<Record<string, Rule>> = {
  InputLayer: (x) => x,
  Dropout: (x) => x,
  Dense: (x, layer) => activate(dense(x, layer), layer.config),
  BatchNormalization: batchNormalization,
  SpatialDropout1D: (x) => x,
  Flatten: (x, { config }) => flatten(config?.['data_format'] === 'channels_first' ? channelsLast(x) : x),
  Reshape: (x, { config }) => ({ ...x, shape: withSizes(numbers(config?.['target_shape']), x.data.length) }),
  Activation: (x, { config }) => activate(x, config),
  ReLU: (x, { config = {} }) => map(x, (v) => relu(v, config)),
  LeakyReLU: (x, { config = {} }) => map(x, (v) => (v > 0 ? v : v * number(config, 'alpha', 0.3))),
  PReLU: (x, layer) => prelu(x, weight(layer, 'alpha')),
  Rescaling: (x, { config = {} }) => map(x, (v) => v * number(config, 'scale', 1) + number(config, 'offset', 0)),
  ELU: (x, { config = {} }) => map(x, (v) => (v > 0 ? v : number(config, 'alpha', 1) * (Math.exp(v) - 1))),
  Softmax: (x) => softmax(x),
  Add: (x, _, inputs) => ({
    ...x,
    data: x.data.map((_v, k) => inputs.reduce((sum, { data }) => sum + at(data, k), 0)),
  }),
  Subtract: (x, _, [, y = x]) => ({ ...x, data: x.data.map((v, k) => v - at(y.data, k)) }),
  Average: (x, _, inputs) => ({ ...x, data: x.data.map((_v, k) => mean(inputs.map(({ data }) => at(data, k)))) }),
  Concatenate: (_, { config = {} }, inputs) => concatenate(inputs, number(config, 'axis', -1)),
};

function evaluate(layer: KerasSpec, inputs: readonly Values[]): Values {
  const x = at(inputs, 0);
  const spatial = IMAGE_RULES[layer.className] ?? SIGNAL_RULES[layer.className];
  if (spatial === undefined) {
    const rule = RULES[layer.className];
    if (rule === undefined) throw new RangeError(`no reference for ${layer.className}`);
    return rule(x, layer, inputs);
  }
  if (layer.config?.['data_format'] !== 'channels_first') return spatial(x, layer, inputs);
  const y = spatial(channelsLast(x), layer, inputs);
  return y.shape.length === x.shape.length ? reordered(y, y.shape.length === 3 ? [2, 0, 1] : [1, 0]) : y;
}

/** An image or a signal with the channel axis moved from the first place to the last. */
function channelsLast(x: Values): Values {
  return x.shape.length === 3 ? reordered(x, [1, 2, 0]) : x.shape.length === 2 ? reordered(x, [1, 0]) : x;
}

function dense(x: Values, layer: KerasSpec): Values {
  const kernel = weight(layer, 'kernel');
  const [inputs, units] = [at(kernel.shape, 0), at(kernel.shape, 1)];
  const shape = [...x.shape.slice(0, -1), units];
  return filled(shape, (place) => {
    const row = offsetOf([...place.slice(0, -1), 0], x.shape);
    const unit = at(place, place.length - 1);
    let z = biasOf(layer, unit);
    for (let i = 0; i < inputs; i += 1) z += at(x.data, row + i) * at(kernel.data, i * units + unit);
    return z;
  });
}

function globally(x: Values, reduce: (cells: readonly number[]) => number): Values {
  const channels = at(x.shape, 2);
  return filled([channels], ([c = 0]) => reduce([...x.data].filter((_, k) => k % channels === c)));
}

/** Depthwise without a bias, then a matrix over the channels of each place. */
function separable(x: Values, layer: KerasSpec, each: (x: Values, layer: KerasSpec) => Values): Values {
  const { depthwise_kernel: kernel, pointwise_kernel: pointwise, ...rest } = layer.weights ?? {};
  if (kernel === undefined || pointwise === undefined) throw new RangeError(`${layer.name} lacks a kernel`);
  const between = each(x, { ...layer, weights: { depthwise_kernel: kernel } });
  const matrix = { ...pointwise, shape: pointwise.shape.slice(-2) };
  return dense(between, { ...layer, weights: { ...rest, kernel: matrix } });
}

/** One slope per place, or one for all places of an axis whose side is 1. */
function prelu(x: Values, slopes: Pick<Values, 'shape'> & { readonly data: ArrayLike<number> }): Values {
  return filled(x.shape, (place) => {
    const value = at(x.data, offsetOf(place, x.shape));
    const shared = place.map((p, axis) => (at(slopes.shape, axis) === 1 ? 0 : p));
    return value > 0 ? value : value * at(slopes.data, offsetOf(shared, slopes.shape));
  });
}

function batchNormalization(x: Values, layer: KerasSpec): Values {
  const { config = {}, weights = {} } = layer;
  const axis = number(config, 'axis', -1);
  const channelAxis = axis < 0 ? x.shape.length + axis : axis - 1;
  const after = sizeOf(x.shape.slice(channelAxis + 1));
  const epsilon = number(config, 'epsilon', 1e-3);
  const read = (name: string, c: number, missing: number) => weights[name]?.data[c] ?? missing;
  return {
    ...x,
    data: x.data.map((value, k) => {
      const c = Math.floor(k / after) % at(x.shape, channelAxis);
      const normal = (value - read('moving_mean', c, 0)) / Math.sqrt(read('moving_variance', c, 1) + epsilon);
      return normal * read('gamma', c, 1) + read('beta', c, 0);
    }),
  };
}

function concatenate(inputs: readonly Values[], axis: number): Values {
  const first = at(inputs, 0).shape;
  const along = axis < 0 ? first.length + axis : axis - 1;
  const sides = inputs.map(({ shape }) => at(shape, along));
  const shape = first.map((side, a) => (a === along ? sides.reduce((a2, b) => a2 + b, 0) : side));
  return filled(shape, (place) => {
    let [which, rest] = [0, at(place, along)];
    while (rest >= at(sides, which)) {
      rest -= at(sides, which);
      which += 1;
    }
    const source = at(inputs, which);
    return at(
      source.data,
      offsetOf(
        place.map((p, a) => (a === along ? rest : p)),
        source.shape,
      ),
    );
  });
}

function relu(value: number, config: Config): number {
  const limit = config['max_value'];
  const bent = value > 0 ? value : value * number(config, 'negative_slope', 0);
  return typeof limit === 'number' ? Math.min(bent, limit) : bent;
}

const ACTIVATIONS: Readonly<Record<string, (x: number) => number>> = {
  linear: (x) => x,
  relu: (x) => Math.max(0, x),
  relu6: (x) => Math.min(6, Math.max(0, x)),
  leaky_relu: (x) => (x > 0 ? x : 0.2 * x),
  elu: (x) => (x > 0 ? x : Math.exp(x) - 1),
  selu: (x) => 1.05070098 * (x > 0 ? x : 1.67326324 * (Math.exp(x) - 1)),
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  tanh: Math.tanh,
  softplus: (x) => Math.log(1 + Math.exp(x)),
  softsign: (x) => x / (1 + Math.abs(x)),
  exponential: Math.exp,
};

function activate(x: Values, config: Config | undefined): Values {
  const name = config?.['activation'] ?? 'linear';
  if (name === 'softmax') return softmax(x);
  const f = ACTIVATIONS[String(name)];
  if (f === undefined) throw new RangeError(`no reference for the activation ${name}`);
  return map(x, f);
}

function softmax(x: Values): Values {
  const exponentials = x.data.map(Math.exp);
  const total = exponentials.reduce((a, b) => a + b, 0);
  return { ...x, data: exponentials.map((value) => value / total) };
}

function map(x: Values, f: (value: number) => number): Values {
  return { ...x, data: x.data.map(f) };
}

function flatten(x: Values): Values {
  return { ...x, shape: [x.data.length] };
}

function mean(list: readonly number[]): number {
  return list.reduce((sum, value) => sum + value, 0) / list.length;
}

/** A target shape in which one side may be −1. */
function withSizes(target: readonly number[], size: number): readonly number[] {
  const rest = size / target.reduce((product, side) => product * (side === -1 ? 1 : side), 1);
  return target.map((side) => (side === -1 ? rest : side));
}
