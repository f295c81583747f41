import { type Shape, sizeOf } from '../../models/tensors/tensor.ts';
import type { KerasSpec, KerasWeight } from './kerasModel.ts';

/** Random numbers in [0, 1) that depend only on the seed (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

type Config = Readonly<Record<string, unknown>>;

/** Makes layers with random weights, in Keras' layout. */
export class KerasLayers {
  private readonly random: () => number;

  constructor(seed: number) {
    this.random = randomNumbers(seed);
  }

  values(shape: Shape, low = -1, high = 1): KerasWeight {
    return { shape, data: Float32Array.from({ length: sizeOf(shape) }, () => low + (high - low) * this.random()) };
  }

  dense(name: string, inputs: number, units: number, config: Config = {}): KerasSpec {
    const weights = { kernel: this.values([inputs, units]), ...this.bias(units, config) };
    return { className: 'Dense', name, config: { units, activation: 'linear', use_bias: true, ...config }, weights };
  }

  conv2d(
    name: string,
    channels: number,
    filters: number,
    kernel: readonly [number, number],
    config: Config = {},
  ): KerasSpec {
    const groups = typeof config['groups'] === 'number' ? config['groups'] : 1;
    return {
      className: 'Conv2D',
      name,
      config: { filters, kernel_size: kernel, ...config },
      weights: { kernel: this.values([...kernel, channels / groups, filters]), ...this.bias(filters, config) },
    };
  }

  depthwise(
    name: string,
    channels: number,
    multiplier: number,
    kernel: readonly [number, number],
    config: Config = {},
  ): KerasSpec {
    return {
      className: 'DepthwiseConv2D',
      name,
      config: { kernel_size: kernel, depth_multiplier: multiplier, ...config },
      weights: {
        depthwise_kernel: this.values([...kernel, channels, multiplier]),
        ...this.bias(channels * multiplier, config),
      },
    };
  }

  conv1d(name: string, channels: number, filters: number, size: number, config: Config = {}): KerasSpec {
    const groups = typeof config['groups'] === 'number' ? config['groups'] : 1;
    return {
      className: 'Conv1D',
      name,
      config: { filters, kernel_size: [size], ...config },
      weights: { kernel: this.values([size, channels / groups, filters]), ...this.bias(filters, config) },
    };
  }

  depthwise1d(name: string, channels: number, multiplier: number, size: number, config: Config = {}): KerasSpec {
    return {
      className: 'DepthwiseConv1D',
      name,
      config: { kernel_size: size, depth_multiplier: multiplier, ...config },
      weights: {
        depthwise_kernel: this.values([size, channels, multiplier]),
        ...this.bias(channels * multiplier, config),
      },
    };
  }

  /** Over images where the kernel has two sides, over signals where it has one. */
  separable(
    name: string,
    channels: number,
    filters: number,
    kernel: readonly number[],
    config: Config = {},
  ): KerasSpec {
    const multiplier = typeof config['depth_multiplier'] === 'number' ? config['depth_multiplier'] : 1;
    const single = kernel.map(() => 1);
    return {
      className: `SeparableConv${kernel.length}D`,
      name,
      config: { filters, kernel_size: kernel, ...config },
      weights: {
        depthwise_kernel: this.values([...kernel, channels, multiplier]),
        pointwise_kernel: this.values([...single, channels * multiplier, filters]),
        ...this.bias(filters, config),
      },
    };
  }

  /** Over images where the kernel has two sides, over signals where it has one. */
  transposed(
    name: string,
    channels: number,
    filters: number,
    kernel: readonly number[],
    config: Config = {},
  ): KerasSpec {
    return {
      className: `Conv${kernel.length}DTranspose`,
      name,
      config: { filters, kernel_size: kernel, ...config },
      weights: { kernel: this.values([...kernel, filters, channels]), ...this.bias(filters, config) },
    };
  }

  /** `shape` is that of the slopes, with ones on shared axes. */
  prelu(name: string, shape: Shape, config: Config = {}): KerasSpec {
    return { className: 'PReLU', name, config, weights: { alpha: this.values(shape, 0, 0.5) } };
  }

  batchNorm(name: string, channels: number, config: Config = {}): KerasSpec {
    const { scale = true, center = true } = config;
    return {
      className: 'BatchNormalization',
      name,
      config,
      weights: {
        ...(scale ? { gamma: this.values([channels], 0.5, 2) } : {}),
        ...(center ? { beta: this.values([channels]) } : {}),
        moving_mean: this.values([channels]),
        moving_variance: this.values([channels], 0.1, 2),
      },
    };
  }

  private bias(units: number, config: Config): Record<string, KerasWeight> {
    return config['use_bias'] === false ? {} : { bias: this.values([units]) };
  }
}

/** A layer without weights. */
export function plain(className: string, name: string, config: Config = {}): KerasSpec {
  return { className, name, config };
}

/** A layer as part of a functional model. */
export function reading(layer: KerasSpec, ...inbound: readonly string[]): KerasSpec {
  return { ...layer, inbound };
}
