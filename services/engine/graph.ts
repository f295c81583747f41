import type { Shape, Tensor } from '../../models/tensors/tensor.ts';

/** Stands for the batch in the leading dimension of a value's shape: unknown until a graph runs. */
export const BATCH = -1;

export type Pair = readonly [number, number];
/** Top, left, bottom, right. */
export type Padding = readonly [number, number, number, number];

/** Cross-correlation geometry, ONNX `Conv` conventions with explicit padding. */
export interface ConvAttributes {
  readonly stride: Pair;
  readonly padding: Padding;
  readonly dilation: Pair;
  readonly groups: number;
}

/** Geometry of pooling windows; all windows start inside the padded input. */
export interface PoolAttributes {
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly padding: Padding;
}

export type UnaryName =
  | 'neg'
  | 'abs'
  | 'exp'
  | 'log'
  | 'sqrt'
  | 'tanh'
  | 'sigmoid'
  | 'softplus'
  | 'relu'
  | 'logicalNot';
export type BinaryName =
  | 'add'
  | 'sub'
  | 'mul'
  | 'div'
  | 'pow'
  | 'maximum'
  | 'minimum'
  | 'equal'
  | 'greater'
  | 'greaterEqual'
  | 'logicalAnd';

/**
 * The primitive operations. Where TensorFlow.js or ONNX have one, it has that name and meaning. Images are NCHW,
 * convolution weights OIHW. Elementwise operations broadcast as in numpy. Inputs in brackets:
 * - `conv2d` [x, w] or [x, w, bias]: x [N,C,H,W], w [O,C/g,kh,kw], bias [O].
 * - `conv2dTranspose` [x, w]: the adjoint of `conv2d` in x: x [N,O,H',W'], w [O,C/g,kh,kw] → [N,C,outputSize].
 * - `matMul` [a, b] or [a, b, bias]: a [N,k], b [k,m], or [m,k] with `transposeB`; bias [m].
 * - `maxPool2d` [x]: padding is −∞. `maxPool2dBackward` [x, r]: r [N,C,H',W'] goes to the first maximum (row-major) of
 *   each window of x and is added where windows overlap.
 * - `avgPool2d` [x]: Σ window / (kh·kw), padding is 0 and counts. `avgPool2dBackward` [r]: its adjoint, → [N,C,inputSize].
 * - `reduceSum`, `reduceMax` [x] over `axes`; dimensions kept as 1 with `keepDims`.
 * - `oneHotMax` [x]: x [N,K] → 1 at the first maximum of each row, else 0.
 * - `softmax` [x] over the last axis.
 * - `reshape` [x]: row-major; `shape` may lead with `BATCH`. `transpose` [x]: output axis i is input axis order[i].
 * - `slice` [x]: the block of `size` at `begin`, for all axes (size `BATCH` on a batch axis takes all of it).
 * - `pad` [x]: zeros, [before, after] for every axis. `reverse` [x]: flips `axes`. `concat` [x...]. `where` [c, a, b].
 */
export type Operation =
  | { readonly name: 'input'; readonly label: string }
  | { readonly name: 'constant'; readonly tensor: Tensor }
  | { readonly name: UnaryName }
  | { readonly name: BinaryName }
  | { readonly name: 'where' }
  | { readonly name: 'matMul'; readonly transposeB: boolean }
  | ({ readonly name: 'conv2d' } & ConvAttributes)
  | ({ readonly name: 'conv2dTranspose'; readonly outputSize: Pair } & ConvAttributes)
  | ({ readonly name: 'maxPool2d' } & PoolAttributes)
  | ({ readonly name: 'maxPool2dBackward' } & PoolAttributes)
  | ({ readonly name: 'avgPool2d' } & PoolAttributes)
  | ({ readonly name: 'avgPool2dBackward'; readonly inputSize: Pair } & PoolAttributes)
  | { readonly name: 'reduceSum' | 'reduceMax'; readonly axes: readonly number[]; readonly keepDims: boolean }
  | { readonly name: 'oneHotMax' }
  | { readonly name: 'softmax' }
  | { readonly name: 'reshape'; readonly shape: Shape }
  | { readonly name: 'transpose'; readonly order: readonly number[] }
  | { readonly name: 'concat'; readonly axis: number }
  | { readonly name: 'slice'; readonly begin: readonly number[]; readonly size: readonly number[] }
  | { readonly name: 'pad'; readonly padding: readonly Pair[] }
  | { readonly name: 'reverse'; readonly axes: readonly number[] };

export type OperationName = Operation['name'];
export type DataType = 'float32' | 'bool';

/** One tensor in a graph: what computes it, from which values, and what is known about the result. */
export interface Value {
  /** Unique in its builder; an operation's inputs have smaller ids. */
  readonly id: number;
  readonly operation: Operation;
  readonly inputs: readonly Value[];
  /** Leads with `BATCH` when the value depends on the batch. */
  readonly shape: Shape;
  readonly dataType: DataType;
  /** True only when no element can be negative. */
  readonly nonNegative: boolean;
}

/** A static tensor program: named outputs over the values that they depend on. Never executed by itself. */
export interface Graph {
  readonly inputs: readonly Value[];
  readonly outputs: Readonly<Record<string, Value>>;
}

/** All values that the graph's outputs depend on, each after its inputs. */
export function valuesOf(graph: Graph): readonly Value[] {
  const seen = new Map<number, Value>();
  const pending = Object.values(graph.outputs);
  for (let value = pending.pop(); value !== undefined; value = pending.pop()) {
    if (seen.has(value.id)) continue;
    seen.set(value.id, value);
    pending.push(...value.inputs);
  }
  return [...seen.values()].sort((a, b) => a.id - b.id);
}
