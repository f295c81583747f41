import { readFileSync } from 'node:fs';
import type { Layer, Network, Padding } from '../../models/network.ts';
import { arrayTensor, type Tensor } from '../../models/tensors/tensor.ts';
import { Rule } from '../../schemas/rules.ts';

interface Values {
  shape: number[];
  data: number[];
}

interface GoldenLayer {
  type: string;
  inputs: number[];
  weight?: Values;
  bias?: Values;
  stride?: number;
  padding?: number;
  dilation?: number;
  groups?: number;
  kernel?: number;
  ceil?: boolean;
  alpha?: number;
  beta?: number;
  k?: number;
  size?: number;
}

export interface GoldenCase {
  method: string;
  id?: string;
  rules?: Record<string, Record<string, unknown>>;
  steps?: number;
  result: Values;
  float32_error?: number;
}

export interface Golden {
  name: string;
  input: Values;
  output: Values;
  targets: number[];
  cases: GoldenCase[];
  layers: GoldenLayer[];
}

export const GOLDEN_NAMES = [
  'mlp',
  'mlp-tanh',
  'cnn',
  'alexnet-like',
  'inception-like',
  'residual',
  'decoder',
  'upconv',
] as const;

export function readGolden(name: string): Golden {
  return JSON.parse(readFileSync(new URL(`../fixtures/golden/${name}.json`, import.meta.url), 'utf8')) as Golden;
}

/** The network of a golden file. */
export function goldenNetwork(golden: Golden): Network {
  const inputShape = golden.input.shape.slice(1);
  const layers: Layer[] = [];
  golden.layers.forEach((layer, index) => {
    const shapes = layer.inputs.map((i) => (i < 0 ? inputShape : (layers[i]?.shape ?? [])));
    layers.push(convert(layer, `layer${index}`, shapes));
  });
  return { id: `golden-${golden.name}`, inputShape, layers, output: layers.length - 1, outputFunction: 'none' };
}

function convert(layer: GoldenLayer, name: string, shapes: readonly (readonly number[])[]): Layer {
  const [shape = []] = shapes;
  const base = { name, inputs: layer.inputs };
  const [channels = 0, height = 0, width = 0] = shape;
  const stride = [layer.stride ?? 1, layer.stride ?? 1] as const;
  const p = layer.padding ?? 0;
  const padding: Padding = [p, p, p, p];
  const dilation = [layer.dilation ?? 1, layer.dilation ?? 1] as const;
  switch (layer.type) {
    case 'dense':
      return { ...base, type: 'dense', shape: [layer.weight?.shape[0] ?? 0], ...parameters(layer) };
    case 'conv2d': {
      const [out = 0, , kh = 0] = layer.weight?.shape ?? [];
      const size = (extent: number) => Math.floor((extent + 2 * p - dilation[0] * (kh - 1) - 1) / stride[0]) + 1;
      const geometry = { stride, padding, dilation, groups: layer.groups ?? 1 };
      return { ...base, type: 'conv2d', shape: [out, size(height), size(width)], ...geometry, ...parameters(layer) };
    }
    case 'conv2d_transpose': {
      const [, perGroup = 0, kh = 0] = layer.weight?.shape ?? [];
      const groups = layer.groups ?? 1;
      const size = (extent: number) => (extent - 1) * stride[0] - 2 * p + dilation[0] * (kh - 1) + 1;
      const geometry = { stride, padding, dilation, groups, outputPadding: [0, 0] as const };
      const outShape = [perGroup * groups, size(height), size(width)];
      return { ...base, type: 'conv2dTranspose', shape: outShape, ...geometry, ...parameters(layer) };
    }
    case 'max_pool2d':
    case 'avg_pool2d': {
      const kernel = layer.kernel ?? 0;
      const round = layer.ceil ? Math.ceil : Math.floor;
      const count = (extent: number) => round((extent + 2 * p - kernel) / stride[0]) + 1;
      const over = (extent: number) => Math.max(0, (count(extent) - 1) * stride[0] + kernel - extent - 2 * p);
      const pads: Padding = [p, p, p + over(height), p + over(width)];
      const pool = { ...base, shape: [channels, count(height), count(width)], stride, padding: pads };
      const kernels = [kernel, kernel] as const;
      return layer.type === 'max_pool2d'
        ? { ...pool, type: 'maxPool2d', kernel: kernels }
        : { ...pool, type: 'avgPool2d', kernel: kernels, counted: padding };
    }
    case 'global_avg_pool2d':
      return {
        ...base,
        type: 'avgPool2d',
        shape: [channels, 1, 1],
        kernel: [height, width],
        stride: [1, 1],
        padding: [0, 0, 0, 0],
        counted: [0, 0, 0, 0],
      };
    case 'relu':
    case 'tanh':
    case 'sigmoid':
      return { ...base, type: 'activation', shape, function: { name: layer.type } };
    case 'leaky_relu':
      return { ...base, type: 'activation', shape, function: { name: 'leakyRelu', alpha: layer.alpha ?? 0 } };
    case 'lrn': {
      const { size = 0, alpha = 0, beta = 0, k = 1 } = layer;
      return { ...base, type: 'lrn', shape, region: 'across', size, alpha, beta, k };
    }
    case 'flatten':
      return { ...base, type: 'reshape', shape: [shape.reduce((product, length) => product * length, 1)] };
    case 'add':
      return { ...base, type: 'add', shape, coefficients: null };
    case 'concat':
      return {
        ...base,
        type: 'concat',
        axis: 0,
        shape: [shapes.reduce((sum, [c = 0]) => sum + c, 0), height, width],
      };
    default:
      throw new Error(`golden layer ${layer.type}`);
  }
}

function parameters(layer: GoldenLayer): { weight: Tensor; bias: Tensor | null } {
  const tensor = (values: Values) => arrayTensor(values.shape, Float32Array.from(values.data));
  if (layer.weight === undefined) throw new Error('a linear layer has weights');
  return { weight: tensor(layer.weight), bias: layer.bias === undefined ? null : tensor(layer.bias) };
}

const RULE_NAMES: Readonly<Record<string, string>> = {
  zplus: 'z-plus',
  alpha_beta: 'alpha-beta',
  zbox: 'z-box',
  wsquare: 'w-square',
};

/** A golden case's rules, one entry for each layer index. */
export function goldenComposite(rules: NonNullable<GoldenCase['rules']>) {
  return Object.entries(rules).map(([index, { rule, ...options }]) => ({
    match: { from: Number(index), to: Number(index) },
    rule: Rule.parse(toRule(String(rule), options)),
  }));
}

function toRule(name: string, options: Record<string, unknown>): Record<string, unknown> {
  const { epsilon, ...rest } = options;
  const renamed = RULE_NAMES[name] ?? name;
  if (epsilon === undefined) return { name: renamed, ...rest };
  return renamed === 'epsilon' ? { name: renamed, epsilon, ...rest } : { name: renamed, stabiliser: epsilon, ...rest };
}
