import type { ConvAttributes, Pair, PoolAttributes } from '../../services/engine/graph.ts';
import { type ReferenceArray, tabulate } from './referenceArray.ts';

type Dimensions = readonly [number, number, number, number];

function dimensions({ shape: [a = 1, b = 1, c = 1, d = 1] }: ReferenceArray): Dimensions {
  return [a, b, c, d];
}

function windows(size: number, kernel: number, stride: number, before: number, after: number, dilation = 1): number {
  return Math.floor((size + before + after - (dilation * (kernel - 1) + 1)) / stride) + 1;
}

/** Calls `visit` with every product x·w of a convolution: x is read at `input`, w at `weight`, for the output `output`. */
function forEachTap(
  inputShape: Dimensions,
  weightShape: Dimensions,
  { stride, padding, dilation, groups }: ConvAttributes,
  visit: (input: Dimensions, weight: Dimensions, output: Dimensions) => void,
): void {
  const [batch, , height, width] = inputShape;
  const [outputs, perGroup, kernelHeight, kernelWidth] = weightShape;
  const down = windows(height, kernelHeight, stride[0], padding[0], padding[2], dilation[0]);
  const across = windows(width, kernelWidth, stride[1], padding[1], padding[3], dilation[1]);
  tabulate([batch, outputs, down, across, perGroup, kernelHeight, kernelWidth], (index) => {
    const [n = 0, o = 0, i = 0, j = 0, c = 0, u = 0, v = 0] = index;
    const group = Math.floor(o / (outputs / groups));
    const row = i * stride[0] + u * dilation[0] - padding[0];
    const column = j * stride[1] + v * dilation[1] - padding[1];
    visit([n, group * perGroup + c, row, column], [o, c, u, v], [n, o, i, j]);
    return 0;
  });
}

export function conv2d(
  x: ReferenceArray,
  w: ReferenceArray,
  bias: ReferenceArray | undefined,
  attributes: ConvAttributes,
): ReferenceArray {
  const [batch, , height, width] = dimensions(x);
  const [outputs, , kernelHeight, kernelWidth] = dimensions(w);
  const { stride, padding, dilation } = attributes;
  const shape = [
    batch,
    outputs,
    windows(height, kernelHeight, stride[0], padding[0], padding[2], dilation[0]),
    windows(width, kernelWidth, stride[1], padding[1], padding[3], dilation[1]),
  ];
  const result = tabulate(shape, ([, o = 0]) => bias?.at([o]) ?? 0);
  forEachTap(dimensions(x), dimensions(w), attributes, (input, weight, output) => {
    result.set(output, result.at(output) + x.at(input, 0) * w.at(weight));
  });
  return result;
}

export function conv2dTranspose(
  x: ReferenceArray,
  w: ReferenceArray,
  attributes: ConvAttributes,
  [height, width]: Pair,
): ReferenceArray {
  const [batch] = dimensions(x);
  const channels = dimensions(w)[1] * attributes.groups;
  const result = tabulate([batch, channels, height, width], () => 0);
  forEachTap([batch, channels, height, width], dimensions(w), attributes, (target, weight, source) => {
    const [, , row, column] = target;
    if (row < 0 || row >= height || column < 0 || column >= width) return;
    result.set(target, result.at(target) + x.at(source) * w.at(weight));
  });
  return result;
}

/** The positions of a window, row by row, that lie inside the image. */
function windowAt(
  [, , height, width]: Dimensions,
  { kernel, stride, padding }: PoolAttributes,
  index: readonly number[],
) {
  const [n = 0, c = 0, i = 0, j = 0] = index;
  const positions: Dimensions[] = [];
  for (let u = 0; u < kernel[0]; u++) {
    for (let v = 0; v < kernel[1]; v++) {
      const row = i * stride[0] + u - padding[0];
      const column = j * stride[1] + v - padding[1];
      if (row >= 0 && row < height && column >= 0 && column < width) positions.push([n, c, row, column]);
    }
  }
  return positions;
}

function pooledShape([batch, channels, height, width]: Dimensions, { kernel, stride, padding }: PoolAttributes) {
  return [
    batch,
    channels,
    windows(height, kernel[0], stride[0], padding[0], padding[2]),
    windows(width, kernel[1], stride[1], padding[1], padding[3]),
  ];
}

export function maxPool2d(x: ReferenceArray, attributes: PoolAttributes): ReferenceArray {
  const shape = dimensions(x);
  return tabulate(pooledShape(shape, attributes), (index) =>
    Math.max(...windowAt(shape, attributes, index).map((position) => x.at(position))),
  );
}

export function maxPool2dBackward(x: ReferenceArray, r: ReferenceArray, attributes: PoolAttributes): ReferenceArray {
  const shape = dimensions(x);
  const result = tabulate(shape, () => 0);
  tabulate(pooledShape(shape, attributes), (index) => {
    const positions = windowAt(shape, attributes, index);
    const values = positions.map((position) => x.at(position));
    const winner = positions[values.indexOf(Math.max(...values))];
    if (winner !== undefined) result.set(winner, result.at(winner) + r.at(index));
    return 0;
  });
  return result;
}

export function avgPool2d(x: ReferenceArray, attributes: PoolAttributes): ReferenceArray {
  const shape = dimensions(x);
  const area = attributes.kernel[0] * attributes.kernel[1];
  return tabulate(
    pooledShape(shape, attributes),
    (index) => windowAt(shape, attributes, index).reduce((sum, position) => sum + x.at(position), 0) / area,
  );
}

export function avgPool2dBackward(
  r: ReferenceArray,
  attributes: PoolAttributes,
  [height, width]: Pair,
): ReferenceArray {
  const [batch, channels] = dimensions(r);
  const shape: Dimensions = [batch, channels, height, width];
  const area = attributes.kernel[0] * attributes.kernel[1];
  const result = tabulate(shape, () => 0);
  tabulate(r.shape, (index) => {
    for (const position of windowAt(shape, attributes, index)) {
      result.set(position, result.at(position) + r.at(index) / area);
    }
    return 0;
  });
  return result;
}
