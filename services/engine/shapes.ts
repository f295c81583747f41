import { type Shape, sizeOf } from '../../models/tensors/tensor.ts';
import { BATCH, type Operation, type Padding, type Pair, type Value } from './graph.ts';

/** An operation does not fit the shapes of its inputs. */
export class ShapeError extends Error {
  readonly code = 'shape';
}

/** The extent that windows of `kernel` cover: floor((size + padding − dilated kernel) / stride) + 1 of them. */
export function windowsAlong(
  size: number,
  kernel: number,
  stride: number,
  before: number,
  after: number,
  dilation = 1,
): number {
  return Math.floor((size + before + after - (dilation * (kernel - 1) + 1)) / stride) + 1;
}

/** Shape of an operation's result. @throws ShapeError when the inputs do not fit it. */
export function inferShape(operation: Operation, inputs: readonly Value[], declared: Shape | null): Shape {
  const shapes = inputs.map((input) => input.shape);
  const [a = [], b = [], c = []] = shapes;
  switch (operation.name) {
    case 'input':
      return declared ?? fail('an input declares its shape');
    case 'constant':
      return operation.tensor.shape;
    case 'neg':
    case 'abs':
    case 'exp':
    case 'log':
    case 'sqrt':
    case 'tanh':
    case 'sigmoid':
    case 'softplus':
    case 'relu':
    case 'logicalNot':
      return a;
    case 'add':
    case 'sub':
    case 'mul':
    case 'div':
    case 'pow':
    case 'maximum':
    case 'minimum':
    case 'equal':
    case 'greater':
    case 'greaterEqual':
    case 'logicalAnd':
      return broadcast(a, b);
    case 'where':
      return broadcast(a, broadcast(b, c));
    case 'matMul':
      return matMulShape(a, b, operation.transposeB);
    case 'conv2d':
      return convShape(operation, a, b);
    case 'conv2dTranspose':
      return convTransposeShape(operation, a, b);
    case 'maxPool2d':
    case 'avgPool2d':
      return poolShape(operation, a);
    case 'maxPool2dBackward':
      return same(b, poolShape(operation, a), 'the relevance of max pooling') && a;
    case 'avgPool2dBackward': {
      const [batch = BATCH, channels = 0] = image(a);
      const input = [batch, channels, ...operation.inputSize];
      return same(a, poolShape(operation, input), 'the relevance of average pooling') && input;
    }
    case 'reduceSum':
    case 'reduceMax':
      return reduceShape(a, operation.axes, operation.keepDims);
    case 'oneHotMax':
      return a.length === 2 ? a : fail(`oneHotMax takes [N, K], got ${show(a)}`);
    case 'softmax':
      return a;
    case 'reshape':
      return reshapeShape(a, operation.shape);
    case 'transpose':
      return operation.order.map((axis) => dimension(a, axis));
    case 'concat':
      return concatShape(shapes, operation.axis);
    case 'slice':
      return sliceShape(a, operation.begin, operation.size);
    case 'pad':
      return padShape(a, operation.padding);
    case 'reverse':
      for (const axis of operation.axes) dimension(a, axis);
      return a;
    default:
      return operation satisfies never;
  }
}

/** The numpy broadcast of two shapes; `BATCH` meets only itself and 1. */
export function broadcast(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    if (left !== right && left !== 1 && right !== 1) fail(`${show(a)} and ${show(b)} do not broadcast`);
    return left === 1 ? right : left;
  });
}

function matMulShape(a: Shape, b: Shape, transposeB: boolean): Shape {
  const [rows, inner] = a;
  const [first, second] = b;
  const [depth, columns] = transposeB ? [second, first] : [first, second];
  if (a.length !== 2 || b.length !== 2 || rows === undefined || columns === undefined || inner !== depth) {
    return fail(`cannot multiply ${show(a)} by ${show(b)}${transposeB ? ' transposed' : ''}`);
  }
  return [rows, columns];
}

type Geometry = { stride: Pair; padding: Padding; dilation: Pair; groups: number };

function convShape({ stride, padding, dilation, groups }: Geometry, x: Shape, w: Shape): Shape {
  const [batch = 0, channels = 0, height = 0, width = 0] = image(x);
  const [out = 0, perGroup = 0, kernelHeight = 0, kernelWidth = 0] = image(w);
  if (channels !== perGroup * groups || out % groups !== 0) {
    fail(`weights ${show(w)} in ${groups} groups do not fit an input ${show(x)}`);
  }
  return positive([
    batch,
    out,
    windowsAlong(height, kernelHeight, stride[0], padding[0], padding[2], dilation[0]),
    windowsAlong(width, kernelWidth, stride[1], padding[1], padding[3], dilation[1]),
  ]);
}

function convTransposeShape(operation: Geometry & { outputSize: Pair }, x: Shape, w: Shape): Shape {
  const [batch = 0] = image(x);
  const [, perGroup = 0] = image(w);
  const output = [batch, perGroup * operation.groups, ...operation.outputSize];
  same(x, convShape(operation, output, w), `the input of a transposed convolution to ${show(output)}`);
  return output;
}

function poolShape({ kernel, stride, padding }: { kernel: Pair; stride: Pair; padding: Padding }, x: Shape): Shape {
  const [batch = 0, channels = 0, height = 0, width = 0] = image(x);
  return positive([
    batch,
    channels,
    windowsAlong(height, kernel[0], stride[0], padding[0], padding[2]),
    windowsAlong(width, kernel[1], stride[1], padding[1], padding[3]),
  ]);
}

function reduceShape(a: Shape, axes: readonly number[], keepDims: boolean): Shape {
  for (const axis of axes) dimension(a, axis);
  return a.flatMap((size, axis) => (axes.includes(axis) ? (keepDims ? [1] : []) : [size]));
}

function reshapeShape(a: Shape, target: Shape): Shape {
  if (sizeOf(a) !== sizeOf(target) || (a[0] === BATCH) !== (target[0] === BATCH)) {
    fail(`cannot reshape ${show(a)} to ${show(target)}`);
  }
  return target;
}

function concatShape(shapes: readonly Shape[], axis: number): Shape {
  const [first = fail('concat needs an input')] = shapes;
  for (const shape of shapes) {
    if (shape.length !== first.length || shape.some((size, i) => i !== axis && size !== first[i])) {
      fail(`cannot join ${shapes.map(show).join(', ')} along axis ${axis}`);
    }
  }
  const joined = shapes.reduce((sum, shape) => sum + dimension(shape, axis), 0);
  return first.map((size, i) => (i === axis ? joined : size));
}

function sliceShape(a: Shape, begin: readonly number[], size: readonly number[]): Shape {
  const fits = a.every((length, axis) => {
    const [start = -1, count = 0] = [begin[axis], size[axis]];
    return length === BATCH ? start === 0 && count === BATCH : start >= 0 && count > 0 && start + count <= length;
  });
  if (!fits || begin.length !== a.length || size.length !== a.length) {
    fail(`no block [${size.join(', ')}] at [${begin.join(', ')}] in ${show(a)}`);
  }
  return size;
}

function padShape(a: Shape, padding: readonly Pair[]): Shape {
  if (padding.length !== a.length) fail(`padding for ${padding.length} axes does not fit ${show(a)}`);
  return a.map((size, axis) => {
    const [before, after] = padding[axis] ?? [0, 0];
    if (before < 0 || after < 0 || (size === BATCH && before + after > 0))
      fail(`cannot pad ${show(a)} by [${before}, ${after}]`);
    return size === BATCH ? size : size + before + after;
  });
}

function dimension(shape: Shape, axis: number): number {
  return shape[axis] ?? fail(`${show(shape)} has no axis ${axis}`);
}

function image(shape: Shape): Shape {
  return shape.length === 4 ? shape : fail(`needs four dimensions, got ${show(shape)}`);
}

function same(a: Shape, b: Shape, what: string): true {
  if (a.length === b.length && a.every((size, axis) => size === b[axis])) return true;
  return fail(`${what} must be ${show(b)}, got ${show(a)}`);
}

function positive(shape: Shape): Shape {
  return shape.every((size) => size === BATCH || size > 0)
    ? shape
    : fail(`windows are larger than the input: ${show(shape)}`);
}

function show(shape: Shape): string {
  return `[${shape.map((size) => (size === BATCH ? 'N' : size)).join(', ')}]`;
}

function fail(message: string): never {
  throw new ShapeError(message);
}
