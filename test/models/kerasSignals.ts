import type { KerasSpec } from './kerasModel.ts';
import { biasOf, type Config, number, numbers, weight } from './kerasWindows.ts';
import { at, filled, offsetOf, type Values } from './values.ts';

/** Layers over signals [steps, channels]: Keras' definitions as plain loops. */

/** A number, or a list of one, as Keras writes extents along one axis. */
function extent(config: Config, key: string, missing: number): number {
  const value = config[key];
  return Array.isArray(value) ? at(numbers(value), 0) : number(config, key, missing);
}

export function convolution1d(x: Values, layer: KerasSpec): Values {
  const { config = {} } = layer;
  const kernel = weight(layer, 'kernel');
  const [size, perGroup, filters] = [at(kernel.shape, 0), at(kernel.shape, 1), at(kernel.shape, 2)];
  const outputsPerGroup = filters / number(config, 'groups', 1);
  return alongSteps(x, config, size, extent(config, 'strides', 1), filters, (steps, o) => {
    const first = Math.floor(o / outputsPerGroup) * perGroup;
    return steps.reduce(
      (sum, step, i) => {
        let z = sum;
        for (let c = 0; c < perGroup; c += 1)
          z += value(x, step, first + c) * at(kernel.data, offsetOf([i, c, o], kernel.shape));
        return z;
      },
      biasOf(layer, o),
    );
  });
}

export function depthwise1d(x: Values, layer: KerasSpec): Values {
  const { config = {} } = layer;
  const kernel = weight(layer, 'depthwise_kernel');
  const [size, channels, multiplier] = [at(kernel.shape, 0), at(kernel.shape, 1), at(kernel.shape, 2)];
  return alongSteps(x, config, size, extent(config, 'strides', 1), channels * multiplier, (steps, o) => {
    const [c, q] = [Math.floor(o / multiplier), o % multiplier];
    return steps.reduce(
      (sum, step, i) => sum + value(x, step, c) * at(kernel.data, offsetOf([i, c, q], kernel.shape)),
      biasOf(layer, o),
    );
  });
}

export function pooling1d(x: Values, config: Config, reduce: (values: readonly number[]) => number): Values {
  const size = extent(config, 'pool_size', 2);
  const stride = config['strides'] === undefined ? size : extent(config, 'strides', size);
  return alongSteps(x, config, size, stride, at(x.shape, 1), (steps, c) =>
    reduce(steps.filter((step) => step >= 0 && step < at(x.shape, 0)).map((step) => value(x, step, c))),
  );
}

export function globally1d(x: Values, reduce: (values: readonly number[]) => number): Values {
  return filled([at(x.shape, 1)], ([c = 0]) =>
    reduce(Array.from({ length: at(x.shape, 0) }, (_, step) => value(x, step, c))),
  );
}

/** Adds zeros before and after, or, with negative numbers, cuts steps off. */
export function bordered1d(x: Values, config: Config, key: 'padding' | 'cropping'): Values {
  const given = config[key] ?? 1;
  const [before = 0, after = before] = typeof given === 'number' ? [given] : numbers(given);
  const sign = key === 'padding' ? 1 : -1;
  const [length, channels] = [at(x.shape, 0), at(x.shape, 1)];
  return filled([length + sign * (before + after), channels], ([step = 0, c = 0]) => value(x, step - sign * before, c));
}

export function upsampling1d(x: Values, config: Config): Values {
  const size = extent(config, 'size', 2);
  return filled([at(x.shape, 0) * size, at(x.shape, 1)], ([step = 0, c = 0]) => value(x, Math.floor(step / size), c));
}

/** Every step is written, times the kernel, to `stride` steps further than the one before. */
export function transposed1d(x: Values, layer: KerasSpec): Values {
  const { config = {} } = layer;
  const kernel = weight(layer, 'kernel');
  const [size, filters, channels] = [at(kernel.shape, 0), at(kernel.shape, 1), at(kernel.shape, 2)];
  const stride = extent(config, 'strides', 1);
  const length = at(x.shape, 0);
  const isSame = config['padding'] === 'same';
  const cut = isSame ? Math.floor(Math.max(size - stride, 0) / 2) : 0;
  const total = isSame ? length * stride : length * stride + Math.max(size - stride, 0);
  return filled([total, filters], ([step = 0, o = 0]) => {
    let z = biasOf(layer, o);
    for (let from = 0; from < length; from += 1) {
      const i = step + cut - from * stride;
      if (i < 0 || i >= size) continue;
      for (let c = 0; c < channels; c += 1) z += value(x, from, c) * at(kernel.data, offsetOf([i, o, c], kernel.shape));
    }
    return z;
  });
}

/** The windows that start at multiples of the stride; `same` pads evenly, `causal` windows end at their own step. */
function alongSteps(
  x: Values,
  config: Config,
  size: number,
  stride: number,
  channels: number,
  result: (steps: readonly number[], channel: number) => number,
): Values {
  const length = at(x.shape, 0);
  const dilation = extent(config, 'dilation_rate', 1);
  const reach = (size - 1) * dilation + 1;
  const count = config['padding'] === 'same' ? Math.ceil(length / stride) : 0;
  const needed = Math.max((count - 1) * stride + reach - length, 0);
  const before = { same: Math.floor(needed / 2), causal: reach - 1 }[String(config['padding'])] ?? 0;
  const padded = config['padding'] === 'causal' ? length + reach - 1 : length;
  const windows = count || Math.floor((padded - reach) / stride) + 1;
  return filled([windows, channels], ([window = 0, channel = 0]) => {
    const steps = Array.from({ length: size }, (_, i) => window * stride + i * dilation - before);
    return result(steps, channel);
  });
}

function value({ shape, data }: Values, step: number, channel: number): number {
  const [length = 0, channels = 0] = shape;
  return step < 0 || step >= length ? 0 : at(data, step * channels + channel);
}
