import type { Shape, Tensor } from './tensors/tensor.ts';

/** Vertical and horizontal extent, in that order. */
export type Pair = readonly [number, number];
/** Top, left, bottom, right; never negative. */
export type Padding = readonly [number, number, number, number];

interface LayerBase {
  /** The name in the model's file; unique in a network. */
  readonly name: string;
  /** Indices of the layers whose outputs this one reads; `NETWORK_INPUT` is the network's input. */
  readonly inputs: readonly number[];
  /** Shape of the output, without the batch. */
  readonly shape: Shape;
}

/** z = W x + b, over a vector. `weight` [out, in], `bias` [out]. */
export interface DenseLayer extends LayerBase {
  readonly type: 'dense';
  readonly weight: Tensor;
  readonly bias: Tensor | null;
}

/** Cross-correlation over [C, H, W]. `weight` [out, in / groups, kh, kw], `bias` [out]. */
export interface Conv2dLayer extends LayerBase {
  readonly type: 'conv2d';
  readonly weight: Tensor;
  readonly bias: Tensor | null;
  readonly stride: Pair;
  readonly padding: Padding;
  readonly dilation: Pair;
  readonly groups: number;
}

/** The transpose of a convolution. `weight` [in, out / groups, kh, kw], `bias` [out]. */
export interface Conv2dTransposeLayer extends LayerBase {
  readonly type: 'conv2dTranspose';
  readonly weight: Tensor;
  readonly bias: Tensor | null;
  readonly stride: Pair;
  readonly padding: Padding;
  readonly outputPadding: Pair;
  readonly dilation: Pair;
  readonly groups: number;
}

/** x ↦ scale_c x + offset_c per channel (axis 0): a batch normalisation that could not be folded. */
export interface AffineLayer extends LayerBase {
  readonly type: 'affine';
  readonly scale: Tensor;
  readonly offset: Tensor;
}

/**
 * An elementwise function. `alpha` is a negative slope or scale; `slope` [C] is PReLU's. `log` (natural) and `power`,
 * x^exponent, are not finite where mathematics defines them not.
 */
export type ActivationFunction =
  | { readonly name: 'relu' | 'sigmoid' | 'tanh' | 'softplus' | 'softsign' | 'selu' | 'exp' | 'log' | 'abs' }
  | { readonly name: 'leakyRelu' | 'elu'; readonly alpha: number }
  | { readonly name: 'power'; readonly exponent: number }
  | { readonly name: 'clip'; readonly low: number; readonly high: number }
  | { readonly name: 'prelu'; readonly slope: Tensor };

export interface ActivationLayer extends LayerBase {
  readonly type: 'activation';
  readonly function: ActivationFunction;
}

/** Maximum over windows. A ceil mode's overhang is part of `padding`; padding never wins. */
export interface MaxPool2dLayer extends LayerBase {
  readonly type: 'maxPool2d';
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly padding: Padding;
}

/**
 * Mean over windows. `padding` is all that is read beyond the border (a ceil mode's overhang too); the divisor of a
 * window is the number of its cells that lie in the input extended by `counted`.
 */
export interface AvgPool2dLayer extends LayerBase {
  readonly type: 'avgPool2d';
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly padding: Padding;
  readonly counted: Padding;
}

/** y_i = x_i s_i^−β; see docs of the rule for s in both regions. */
export interface LrnLayer extends LayerBase {
  readonly type: 'lrn';
  readonly region: 'across' | 'within';
  readonly size: number;
  readonly alpha: number;
  readonly beta: number;
  readonly k: number;
}

/** Σ coefficient_i x_i; all coefficients 1 when null. */
export interface AddLayer extends LayerBase {
  readonly type: 'add';
  readonly coefficients: readonly number[] | null;
}

/** Joins along `axis` (0 is the first axis after the batch). */
export interface ConcatLayer extends LayerBase {
  readonly type: 'concat';
  readonly axis: number;
}

/** Row-major reading of the input as `shape`; flatten is one of these. */
export interface ReshapeLayer extends LayerBase {
  readonly type: 'reshape';
}

/** output axis i is input axis order[i] (0 is the first axis after the batch). */
export interface PermuteLayer extends LayerBase {
  readonly type: 'permute';
  readonly order: readonly number[];
}

/** Zeros around; [before, after] for every axis after the batch. */
export interface PadLayer extends LayerBase {
  readonly type: 'pad';
  readonly padding: readonly Pair[];
}

/** The block that starts at `begin` (axes after the batch) and has the layer's shape. */
export interface CropLayer extends LayerBase {
  readonly type: 'crop';
  readonly begin: readonly number[];
}

export type LinearLayer = DenseLayer | Conv2dLayer | Conv2dTransposeLayer;

export type Layer =
  | LinearLayer
  | AffineLayer
  | ActivationLayer
  | MaxPool2dLayer
  | AvgPool2dLayer
  | LrnLayer
  | AddLayer
  | ConcatLayer
  | ReshapeLayer
  | PermuteLayer
  | PadLayer
  | CropLayer;

export type LayerType = Layer['type'];

/** What turned the explained scores into the model's own output, and was stripped. */
export type OutputFunction = 'softmax' | 'log-softmax' | 'sigmoid' | 'none';

/** A loaded model: a DAG of typed layers in topological order. Immutable. */
export interface Network {
  /** Content hash of the model's files and of the importer's version; the model's folder in the tensor store. */
  readonly id: string;
  /** Shape of the input, without the batch. */
  readonly inputShape: Shape;
  readonly layers: readonly Layer[];
  /** Index of the layer whose output holds the explained scores: a vector. */
  readonly output: number;
  readonly outputFunction: OutputFunction;
}

/** The index that stands for the network's input in `Layer.inputs`. */
export const NETWORK_INPUT = -1;

const LINEAR: ReadonlySet<LayerType> = new Set(['dense', 'conv2d', 'conv2dTranspose']);

export function isLinear(layer: Layer): layer is LinearLayer {
  return LINEAR.has(layer.type);
}

/** The layer at an index. @throws RangeError when there is none. */
export function layerAt(network: Network, index: number): Layer {
  const layer = network.layers[index];
  if (layer === undefined) throw new RangeError(`no layer ${index}; the network has ${network.layers.length}`);
  return layer;
}

/** Shape (without batch) of what an index of `Layer.inputs` refers to. */
export function shapeAt(network: Network, index: number): Shape {
  return index === NETWORK_INPUT ? network.inputShape : layerAt(network, index).shape;
}

/** The tensors a layer owns, by role. */
export function parametersOf(layer: Layer): Readonly<Record<string, Tensor>> {
  switch (layer.type) {
    case 'dense':
    case 'conv2d':
    case 'conv2dTranspose':
      return layer.bias === null ? { weight: layer.weight } : { weight: layer.weight, bias: layer.bias };
    case 'affine':
      return { scale: layer.scale, offset: layer.offset };
    case 'activation':
      return layer.function.name === 'prelu' ? { slope: layer.function.slope } : {};
    case 'maxPool2d':
    case 'avgPool2d':
    case 'lrn':
    case 'add':
    case 'concat':
    case 'reshape':
    case 'permute':
    case 'pad':
    case 'crop':
      return {};
    default:
      return layer satisfies never;
  }
}
