import type { Layer, Padding, Pair } from './network.ts';
import { type Shape, sizeOf } from './tensors/tensor.ts';

/** A layer does not fit its inputs or its parameters. The message says how, without the layer's name. */
export class LayerShapeError extends Error {
  readonly code = 'layer-shape';
}

type WithoutShape<L extends Layer> = L extends { type: 'reshape' | 'crop' } ? L : Omit<L, 'shape'>;

/** A layer whose shape is still to be inferred; only `reshape` and `crop` declare theirs. */
export type ShapelessLayer = WithoutShape<Layer>;

/** No layer may produce more values than this per item of a batch (1 GiB). */
export const MAX_VALUES = 2 ** 28;

interface Windows {
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly padding: Padding;
  readonly dilation?: Pair;
}

/** Number of windows of `kernel` along one side: floor((size + padding − dilated kernel) / stride) + 1. */
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

/**
 * Shape of a layer's output, without the batch, from the shapes of its inputs; checks the layer's parameters on the way.
 * @throws LayerShapeError
 */
export function outputShape(layer: ShapelessLayer, inputs: readonly Shape[]): Shape {
  const shape = inferred(layer, inputs);
  check(
    shape.every((side) => Number.isSafeInteger(side) && side > 0),
    () => `its output would have the shape ${show(shape)}`,
  );
  check(
    sizeOf(shape) <= MAX_VALUES,
    () => `its output would have the shape ${show(shape)}; at most ${MAX_VALUES} values are allowed`,
  );
  return shape;
}

function inferred(layer: ShapelessLayer, inputs: readonly Shape[]): Shape {
  switch (layer.type) {
    case 'add':
      return sumShape(inputs, layer.coefficients);
    case 'concat':
      return concatShape(inputs, layer.axis);
    default:
      check(inputs.length === 1, () => `takes one input, got ${inputs.length}`);
      return unaryShape(layer, inputs[0] ?? []);
  }
}

function unaryShape(layer: Exclude<ShapelessLayer, { type: 'add' | 'concat' }>, input: Shape): Shape {
  switch (layer.type) {
    case 'dense':
      return denseShape(layer.weight.shape, layer.bias?.shape ?? null, input);
    case 'conv2d':
      return convolutionShape(layer, input);
    case 'conv2dTranspose':
      return transposedShape(layer, input);
    case 'affine':
      for (const parameter of [layer.scale, layer.offset]) vectorOf(parameter.shape, input[0] ?? 0, 'parameters');
      return input;
    case 'activation':
      if (layer.function.name === 'prelu') vectorOf(layer.function.slope.shape, input[0] ?? 0, 'slopes');
      return input;
    case 'lrn':
      image(input);
      return input;
    case 'maxPool2d':
      return poolShape(layer, layer.padding, input);
    case 'avgPool2d': {
      const { padding, counted } = layer;
      return poolShape(
        layer,
        [0, 1, 2, 3].map((side) => (padding[side] ?? 0) - (counted[side] ?? 0)),
        input,
      );
    }
    case 'reshape':
      check(sizeOf(layer.shape) === sizeOf(input), () => `cannot read ${show(input)} as ${show(layer.shape)}`);
      return layer.shape;
    case 'permute':
      check(isOrder(layer.order, input.length), () => `${show(layer.order)} does not order the axes of ${show(input)}`);
      return layer.order.map((axis) => input[axis] ?? 0);
    case 'pad':
      check(layer.padding.length === input.length, () => `pads ${layer.padding.length} axes of ${show(input)}`);
      return input.map((side, axis) => side + (layer.padding[axis]?.[0] ?? 0) + (layer.padding[axis]?.[1] ?? 0));
    case 'crop':
      check(
        layer.begin.length === input.length && layer.shape.length === input.length && fits(layer, input),
        () => `cannot cut ${show(layer.shape)} at ${show(layer.begin)} out of ${show(input)}`,
      );
      return layer.shape;
    default:
      return layer satisfies never;
  }
}

function denseShape(weight: Shape, bias: Shape | null, input: Shape): Shape {
  const [outputs = 0, inputs = 0] = weight;
  check(weight.length === 2 && input.length === 1, () => `needs a vector and a matrix, got ${show(input)}`);
  check(inputs === input[0], () => `its weight ${show(weight)} does not fit the input ${show(input)}`);
  if (bias !== null) vectorOf(bias, outputs, 'biases');
  return [outputs];
}

function convolutionShape(layer: Extract<ShapelessLayer, { type: 'conv2d' }>, input: Shape): Shape {
  const { weight, bias, groups } = layer;
  const [outputs = 0, perGroup = 0, height = 0, width = 0] = weight.shape;
  const [channels = 0] = image(input);
  check(
    weight.shape.length === 4 && perGroup * groups === channels && outputs % groups === 0,
    () => `its weight ${show(weight.shape)} in ${groups} groups does not fit the input ${show(input)}`,
  );
  if (bias !== null) vectorOf(bias.shape, outputs, 'biases');
  return [outputs, ...windowGrid({ ...layer, kernel: [height, width] }, input)];
}

function transposedShape(layer: Extract<ShapelessLayer, { type: 'conv2dTranspose' }>, input: Shape): Shape {
  const { weight, bias, groups, stride, padding, dilation, outputPadding } = layer;
  const [channels = 0, perGroup = 0, ...kernel] = weight.shape;
  const [inputs = 0, ...size] = image(input);
  check(
    weight.shape.length === 4 && inputs === channels && channels % groups === 0,
    () => `its weight ${show(weight.shape)} in ${groups} groups does not fit the input ${show(input)}`,
  );
  if (bias !== null) vectorOf(bias.shape, perGroup * groups, 'biases');
  const sides = ([0, 1] as const).map((axis) => {
    const reach = dilation[axis] * ((kernel[axis] ?? 0) - 1) + 1;
    return (
      ((size[axis] ?? 0) - 1) * stride[axis] +
      reach +
      outputPadding[axis] -
      padding[axis] -
      padding[(axis + 2) as 2 | 3]
    );
  });
  return [perGroup * groups, ...sides];
}

/** `uncounted` is the padding of each side that no window may consist of alone. */
function poolShape(windows: Windows, uncounted: readonly number[], input: Shape): Shape {
  const { kernel } = windows;
  check(
    uncounted.every((cells, side) => cells >= 0 && cells < (kernel[side % 2] ?? 0)),
    () => `windows of ${show(kernel)} can lie outside the input with padding ${show(windows.padding)}`,
  );
  const [channels = 0] = image(input);
  return [channels, ...windowGrid(windows, input)];
}

function windowGrid({ kernel, stride, padding, dilation = [1, 1] }: Windows, input: Shape): Shape {
  const [top, left, bottom, right] = padding;
  return [
    windowsAlong(input[1] ?? 0, kernel[0], stride[0], top, bottom, dilation[0]),
    windowsAlong(input[2] ?? 0, kernel[1], stride[1], left, right, dilation[1]),
  ];
}

function sumShape(inputs: readonly Shape[], coefficients: readonly number[] | null): Shape {
  const [first = []] = inputs;
  check(
    inputs.length > 0 && inputs.every((shape) => isSameShape(shape, first)),
    () => `adds inputs of different shapes: ${inputs.map(show).join(', ')}`,
  );
  check(
    coefficients === null || coefficients.length === inputs.length,
    () => `has ${coefficients?.length} coefficients for ${inputs.length} inputs`,
  );
  return first;
}

function concatShape(inputs: readonly Shape[], axis: number): Shape {
  const [first = []] = inputs;
  const fit = inputs.every(
    (shape) => shape.length === first.length && shape.every((side, at) => at === axis || side === first[at]),
  );
  check(
    inputs.length > 0 && fit && axis >= 0 && axis < first.length,
    () => `cannot join ${inputs.map(show).join(', ')} along axis ${axis}`,
  );
  const joined = inputs.reduce((sum, shape) => sum + (shape[axis] ?? 0), 0);
  return first.map((side, at) => (at === axis ? joined : side));
}

function image(input: Shape): Shape {
  check(input.length === 3, () => `needs an input [channels, height, width], got ${show(input)}`);
  return input;
}

function vectorOf(shape: Shape, length: number, what: string): void {
  check(shape.length === 1 && shape[0] === length, () => `has ${show(shape)} ${what} for ${length} channels`);
}

function fits(crop: { shape: Shape; begin: readonly number[] }, input: Shape): boolean {
  return input.every((side, axis) => {
    const begin = crop.begin[axis] ?? -1;
    return begin >= 0 && begin + (crop.shape[axis] ?? 0) <= side;
  });
}

function isOrder(order: readonly number[], rank: number): boolean {
  return order.length === rank && [...order].sort((a, b) => a - b).every((axis, at) => axis === at);
}

/** Whether two shapes are equal, dimension by dimension. */
export function isSameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((side, axis) => side === b[axis]);
}

function show(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`;
}

function check(condition: boolean, message: () => string): void {
  if (!condition) throw new LayerShapeError(message());
}
