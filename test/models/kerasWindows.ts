import type { KerasSpec, KerasWeight } from './kerasModel.ts';
import { at, filled, offsetOf, type Values } from './values.ts';

export type Config = Readonly<Record<string, unknown>>;

export function convolution(x: Values, layer: KerasSpec): Values {
  const kernel = weight(layer, 'kernel');
  const [perGroup, filters] = [at(kernel.shape, 2), at(kernel.shape, 3)];
  const groups = number(layer.config ?? {}, 'groups', 1);
  return windowed(x, layer.config ?? {}, kernel.shape.slice(0, 2), filters, (cellAt, o) => {
    const first = Math.floor(o / (filters / groups)) * perGroup;
    let z = biasOf(layer, o);
    for (const { i, j, y, x: column } of cellAt) {
      for (let c = 0; c < perGroup; c += 1) {
        z += pixel(x, y, column, first + c) * at(kernel.data, offsetOf([i, j, c, o], kernel.shape));
      }
    }
    return z;
  });
}

export function depthwise(x: Values, layer: KerasSpec): Values {
  const kernel = weight(layer, 'depthwise_kernel');
  const [channels, multiplier] = [at(kernel.shape, 2), at(kernel.shape, 3)];
  return windowed(x, layer.config ?? {}, kernel.shape.slice(0, 2), channels * multiplier, (cellAt, o) => {
    const [c, q] = [Math.floor(o / multiplier), o % multiplier];
    let z = biasOf(layer, o);
    for (const { i, j, y, x: column } of cellAt)
      z += pixel(x, y, column, c) * at(kernel.data, offsetOf([i, j, c, q], kernel.shape));
    return z;
  });
}

export function pooling(x: Values, config: Config, reduce: (cells: readonly number[]) => number): Values {
  const size = pair(config['pool_size'] ?? 2);
  const options = { ...config, strides: config['strides'] ?? size };
  return windowed(x, options, size, at(x.shape, 2), (cells, c) =>
    reduce(cells.filter((cell) => isInside(x, cell.y, cell.x)).map((cell) => pixel(x, cell.y, cell.x, c))),
  );
}

/** Every pixel is written, times the kernel, to `stride` pixels further than its neighbour. */
export function transposed(x: Values, layer: KerasSpec): Values {
  const kernel = weight(layer, 'kernel');
  const strides = pair(layer.config?.['strides'] ?? 1);
  const isSame = layer.config?.['padding'] === 'same';
  const axes = [0, 1].map((axis) => {
    const [stride, extra] = [at(strides, axis), Math.max(at(kernel.shape, axis) - at(strides, axis), 0)];
    const side = at(x.shape, axis) * stride;
    return isSame ? { stride, side, cut: Math.floor(extra / 2) } : { stride, side: side + extra, cut: 0 };
  });
  const [rows, columns] = [at(axes, 0), at(axes, 1)];
  return filled([rows.side, columns.side, at(kernel.shape, 2)], ([row = 0, column = 0, o = 0]) => {
    let z = biasOf(layer, o);
    for (let y = 0; y < at(x.shape, 0); y += 1) {
      for (let k = 0; k < at(x.shape, 1); k += 1) {
        const [i, j] = [row + rows.cut - y * rows.stride, column + columns.cut - k * columns.stride];
        if (i < 0 || j < 0 || i >= at(kernel.shape, 0) || j >= at(kernel.shape, 1)) continue;
        for (let c = 0; c < at(x.shape, 2); c += 1) {
          z += pixel(x, y, k, c) * at(kernel.data, offsetOf([i, j, o, c], kernel.shape));
        }
      }
    }
    return z;
  });
}

interface WindowCell {
  readonly i: number;
  readonly j: number;
  readonly y: number;
  readonly x: number;
}

/** Windows as TensorFlow places them: `SAME` pads k − s, or k − (n mod s), cells, one half (rounded down) before. */
function windowed(
  x: Values,
  config: Config,
  kernel: readonly number[],
  channels: number,
  value: (cells: readonly WindowCell[], channel: number) => number,
): Values {
  const stride = pair(config['strides'] ?? 1);
  const dilation = pair(config['dilation_rate'] ?? 1);
  const isSame = config['padding'] === 'same';
  const axes = [0, 1].map((axis) => {
    const [n, s] = [at(x.shape, axis), at(stride, axis)];
    const reach = (at(kernel, axis) - 1) * at(dilation, axis) + 1;
    const needed = Math.max(reach - (n % s === 0 ? s : n % s), 0);
    return isSame
      ? { count: Math.ceil(n / s), before: Math.floor(needed / 2) }
      : { count: Math.ceil((n - reach + 1) / s), before: 0 };
  });
  const [rows, columns] = [at(axes, 0), at(axes, 1)];
  return filled([rows.count, columns.count, channels], ([row = 0, column = 0, channel = 0]) => {
    const cells: WindowCell[] = [];
    for (let i = 0; i < at(kernel, 0); i += 1) {
      for (let j = 0; j < at(kernel, 1); j += 1) {
        const y = row * at(stride, 0) + i * at(dilation, 0) - rows.before;
        cells.push({ i, j, y, x: column * at(stride, 1) + j * at(dilation, 1) - columns.before });
      }
    }
    return value(cells, channel);
  });
}

export function weight(layer: KerasSpec, name: string): KerasWeight {
  const found = layer.weights?.[name];
  if (found === undefined) throw new RangeError(`${layer.name} has no ${name}`);
  return found;
}

export function biasOf(layer: KerasSpec, unit: number): number {
  return layer.weights?.['bias']?.data[unit] ?? 0;
}

function isInside({ shape: [height = 0, width = 0] }: Values, y: number, x: number): boolean {
  return y >= 0 && x >= 0 && y < height && x < width;
}

export function pixel(image: Values, y: number, x: number, channel: number): number {
  const [, width = 0, channels = 0] = image.shape;
  return isInside(image, y, x) ? at(image.data, (y * width + x) * channels + channel) : 0;
}

export function number(config: Config, key: string, missing: number): number {
  const value = config[key];
  return typeof value === 'number' ? value : missing;
}

export function numbers(value: unknown): number[] {
  return Array.isArray(value) ? value.map(Number) : [];
}

export function pair(value: unknown): readonly number[] {
  return typeof value === 'number' ? [value, value] : numbers(value);
}
