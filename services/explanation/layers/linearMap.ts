import type { AvgPool2dLayer, LinearLayer } from '../../../models/network.ts';
import { arrayTensor, type Shape } from '../../../models/tensors/tensor.ts';
import type { ConvAttributes, Pair, Value } from '../../engine/graph.ts';
import type { GraphBuilder } from '../../engine/graphBuilder.ts';
import { windowsAlong } from '../../engine/shapes.ts';

/** A linear layer, or one derived from it by other weights, as a map and its transpose. */
export interface LinearMap {
  /** z_j = Σ_i x_i w_ij + b_j. */
  apply(x: Value, bias: Value | null): Value;
  /** Σ_j w_ij s_j. */
  transpose(s: Value): Value;
}

/**
 * The map of a linear layer with the given weights in place of its own.
 * @param inputShape shape of the layer's input, without the batch
 */
export function linearMap(g: GraphBuilder, layer: LinearLayer, weight: Value, inputShape: Shape): LinearMap {
  switch (layer.type) {
    case 'dense':
      return {
        apply: (x, bias) => g.matMul(x, weight, bias, { transposeB: true }),
        transpose: (s) => g.matMul(s, weight),
      };
    case 'conv2d':
      return {
        apply: (x, bias) => g.conv2d(x, weight, bias, layer),
        transpose: (s) => convolutionAdjoint(g, s, weight, layer, spatial(inputShape)),
      };
    case 'conv2dTranspose':
      return {
        apply: (x, bias) => {
          const z = convolutionAdjoint(g, x, weight, layer, spatial(layer.shape));
          return bias === null ? z : g.add(z, g.reshape(bias, [1, ...bias.shape, 1, 1]));
        },
        transpose: (s) => g.conv2d(s, weight, null, layer),
      };
    default:
      return layer satisfies never;
  }
}

/** Average pooling as a linear map: each window's mean over the cells that count. */
export function averageMap(g: GraphBuilder, layer: AvgPool2dLayer, inputShape: Shape): LinearMap {
  const factor = divisorFactor(g, layer, inputShape);
  const scaled = (value: Value) => (factor === null ? value : g.mul(value, factor));
  return {
    apply: (x) => scaled(g.avgPool2d(x, layer)),
    transpose: (s) => g.avgPool2dBackward(scaled(s), layer, spatial(inputShape)),
  };
}

/**
 * The adjoint of a convolution in its input. With stride 1 it is a convolution with flipped kernels whose in- and output
 * channels are exchanged, which engines run faster than a transposed convolution.
 */
function convolutionAdjoint(g: GraphBuilder, s: Value, weight: Value, attributes: ConvAttributes, size: Pair): Value {
  const { stride, padding, dilation, groups } = attributes;
  const [out = 0, perGroup = 0, kh = 0, kw = 0] = weight.shape;
  const reach = [dilation[0] * (kh - 1), dilation[1] * (kw - 1)] as const;
  const [, , rows = 0, columns = 0] = s.shape;
  const [top, left] = [reach[0] - padding[0], reach[1] - padding[1]];
  // What lies behind the last window counts as padding, so that the result has the wanted size.
  const outer = [top, left, size[0] - rows + reach[0] - top, size[1] - columns + reach[1] - left] as const;
  if (stride[0] !== 1 || stride[1] !== 1 || outer.some((amount) => amount < 0)) {
    return g.conv2dTranspose(s, weight, attributes, size);
  }
  const grouped = g.reshape(weight, [groups, out / groups, perGroup, kh, kw]);
  const exchanged = g.reshape(g.transpose(grouped, [0, 2, 1, 3, 4]), [groups * perGroup, out / groups, kh, kw]);
  return g.conv2d(s, g.reverse(exchanged, [2, 3]), null, { stride: [1, 1], padding: outer, dilation, groups });
}

/** kh·kw over the number of cells that count, per window: [1, 1, H', W']; null where all of them count. */
function divisorFactor(g: GraphBuilder, layer: AvgPool2dLayer, inputShape: Shape): Value | null {
  const along = (axis: 0 | 1): number[] => {
    const [kernel, stride] = [layer.kernel[axis], layer.stride[axis]];
    const [before, after] = axis === 0 ? [layer.padding[0], layer.padding[2]] : [layer.padding[1], layer.padding[3]];
    const [low, high] = axis === 0 ? [layer.counted[0], layer.counted[2]] : [layer.counted[1], layer.counted[3]];
    const size = inputShape[axis + 1] ?? 0;
    return Array.from({ length: windowsAlong(size, kernel, stride, before, after) }, (_, window) => {
      const start = window * stride - before;
      return Math.min(start + kernel, size + high) - Math.max(start, -low);
    });
  };
  const [rows, columns] = [along(0), along(1)];
  const cells = layer.kernel[0] * layer.kernel[1];
  const factors = rows.flatMap((row) => columns.map((column) => cells / Math.max(1, row * column)));
  if (factors.every((factor) => factor === 1)) return null;
  return g.constant(arrayTensor([1, 1, rows.length, columns.length], Float32Array.from(factors)));
}

function spatial(shape: Shape): Pair {
  return [shape[1] ?? 0, shape[2] ?? 0];
}
