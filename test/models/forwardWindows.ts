import type {
  AvgPool2dLayer,
  Conv2dLayer,
  Conv2dTransposeLayer,
  LrnLayer,
  MaxPool2dLayer,
  Padding,
  Pair,
} from '../../models/network.ts';
import type { Shape } from '../../models/tensors/tensor.ts';
import { at, filled, offsetOf, parameter, placeOf, type Values } from './values.ts';

/** z[o, y, x] = b[o] + Σ w[o, c, i, j] · input[group's c, y·stride + i·dilation − top, x·stride + j·dilation − left]. */
export function convolve(layer: Conv2dLayer, x: Values): Values {
  const weight = parameter(layer.weight);
  const bias = layer.bias && parameter(layer.bias);
  const [outputs, perGroup, height, width] = four(weight.shape);
  return filled(layer.shape, ([o = 0, row = 0, column = 0]) => {
    const group = Math.floor(o / (outputs / layer.groups));
    let z = bias === null ? 0 : at(bias.data, o);
    for (let c = 0; c < perGroup; c += 1) {
      for (let i = 0; i < height; i += 1) {
        for (let j = 0; j < width; j += 1) {
          const y0 = row * layer.stride[0] + i * layer.dilation[0] - layer.padding[0];
          const x0 = column * layer.stride[1] + j * layer.dilation[1] - layer.padding[1];
          const k = ((o * perGroup + c) * height + i) * width + j;
          z += at(weight.data, k) * cell(x, group * perGroup + c, y0, x0);
        }
      }
    }
    return z;
  });
}

/** Every input element adds its value times the kernel to the output, from its place times the stride on. */
export function convolveTransposed(layer: Conv2dTransposeLayer, x: Values): Values {
  const weight = parameter(layer.weight);
  const bias = layer.bias && parameter(layer.bias);
  const [inputs, perGroup, height, width] = four(weight.shape);
  const output = filled(layer.shape, ([o = 0]) => (bias === null ? 0 : at(bias.data, o)));
  for (const [k, value] of x.data.entries()) {
    const [c = 0, row = 0, column = 0] = placeOf(k, x.shape);
    const group = Math.floor(c / (inputs / layer.groups));
    for (let o = 0; o < perGroup; o += 1) {
      for (let i = 0; i < height; i += 1) {
        for (let j = 0; j < width; j += 1) {
          const y0 = row * layer.stride[0] + i * layer.dilation[0] - layer.padding[0];
          const x0 = column * layer.stride[1] + j * layer.dilation[1] - layer.padding[1];
          if (!isInside(y0, x0, layer.shape)) continue;
          const to = offsetOf([group * perGroup + o, y0, x0], layer.shape);
          output.data[to] = at(output.data, to) + value * at(weight.data, offsetOf([c, o, i, j], weight.shape));
        }
      }
    }
  }
  return output;
}

/** The largest real cell of each window. */
export function maxPool(layer: MaxPool2dLayer, x: Values): Values {
  return filled(layer.shape, ([c = 0, row = 0, column = 0]) => {
    const real = windowCells(layer, row, column).filter(([y0, x0]) => isInside(y0, x0, x.shape));
    return Math.max(...real.map(([y0, x0]) => cell(x, c, y0, x0)));
  });
}

/** The sum of each window over the number of its cells in the input extended by `counted`. */
export function averagePool(layer: AvgPool2dLayer, x: Values): Values {
  const [top, left, bottom, right]: Padding = layer.counted;
  const [, height = 0, width = 0] = x.shape;
  return filled(layer.shape, ([c = 0, row = 0, column = 0]) => {
    const cells = windowCells(layer, row, column);
    const counted = cells.filter(([y0, x0]) => y0 >= -top && x0 >= -left && y0 < height + bottom && x0 < width + right);
    return cells.reduce((sum, [y0, x0]) => sum + cell(x, c, y0, x0), 0) / counted.length;
  });
}

/** y_i = x_i s_i^−β; across: s = k + α/n Σ over channels; within: s = 1 + α/n² Σ over the n×n window, padding counted. */
export function localResponse(layer: LrnLayer, x: Values): Values {
  const reach = Math.floor((layer.size - 1) / 2);
  return filled(x.shape, ([c = 0, row = 0, column = 0]) => {
    let squares = 0;
    for (let a = 0; a < layer.size; a += 1) {
      if (layer.region === 'across') squares += cell(x, c + a - reach, row, column) ** 2;
      else for (let b = 0; b < layer.size; b += 1) squares += cell(x, c, row + a - reach, column + b - reach) ** 2;
    }
    const s =
      layer.region === 'across'
        ? layer.k + (layer.alpha / layer.size) * squares
        : 1 + (layer.alpha / layer.size ** 2) * squares;
    return cell(x, c, row, column) * s ** -layer.beta;
  });
}

function windowCells(
  { kernel, stride, padding }: { kernel: Pair; stride: Pair; padding: Padding },
  row: number,
  column: number,
): Pair[] {
  const cells: Pair[] = [];
  for (let i = 0; i < kernel[0]; i += 1) {
    for (let j = 0; j < kernel[1]; j += 1) {
      cells.push([row * stride[0] + i - padding[0], column * stride[1] + j - padding[1]]);
    }
  }
  return cells;
}

function isInside(row: number, column: number, [, height = 0, width = 0]: Shape): boolean {
  return row >= 0 && column >= 0 && row < height && column < width;
}

/** An element of an image, 0 outside. */
function cell(x: Values, channel: number, row: number, column: number): number {
  const inside = channel >= 0 && channel < at(x.shape, 0) && isInside(row, column, x.shape);
  return inside ? at(x.data, (channel * at(x.shape, 1) + row) * at(x.shape, 2) + column) : 0;
}

function four(shape: Shape): readonly [number, number, number, number] {
  return [at(shape, 0), at(shape, 1), at(shape, 2), at(shape, 3)];
}
