import { numbers, type ReferenceLayer } from './caffeFields.ts';
import { at, filled, offsetOf, type Values } from './values.ts';

/** Vertical and horizontal value of a field, as Caffe reads it. */
function pair(
  { layer }: ReferenceLayer,
  message: string,
  both: string,
  single: string,
  otherwise: number,
): [number, number] {
  const all = numbers(layer, message, both);
  const [h, w] = [numbers(layer, message, `${single}_h`)[0], numbers(layer, message, `${single}_w`)[0]];
  if (h !== undefined || w !== undefined) return [h ?? otherwise, w ?? otherwise];
  return [all[0] ?? otherwise, all[1] ?? all[0] ?? otherwise];
}

function geometry(given: ReferenceLayer) {
  const of = (both: string, single: string, otherwise: number) =>
    pair(given, 'convolution_param', both, single, otherwise);
  return {
    kernel: of('kernel_size', 'kernel', 0),
    stride: of('stride', 'stride', 1),
    pad: of('pad', 'pad', 0),
    dilation: of('dilation', 'dilation', 1),
    group: numbers(given.layer, 'convolution_param', 'group')[0] ?? 1,
    outputs: numbers(given.layer, 'convolution_param', 'num_output')[0] ?? 0,
  };
}

/** caffe_conv of Caffe's own tests: every output collects what its window holds. */
export function windowedConvolution(x: Values, given: ReferenceLayer): Values {
  const { kernel, stride, pad, dilation, group, outputs } = geometry(given);
  const channels = at(x.shape, 1);
  const side = (axis: 0 | 1) =>
    Math.floor((at(x.shape, axis + 2) + 2 * pad[axis] - (dilation[axis] * (kernel[axis] - 1) + 1)) / stride[axis]) + 1;
  const [weight, bias] = given.blobs;
  return filled([1, outputs, side(0), side(1)], ([, o = 0, row = 0, column = 0]) => {
    let z = bias === undefined ? 0 : at(bias.data, o);
    const g = Math.floor(o / (outputs / group));
    for (let c = 0; c < channels / group; c += 1) {
      for (let p = 0; p < kernel[0]; p += 1) {
        for (let q = 0; q < kernel[1]; q += 1) {
          const y0 = row * stride[0] - pad[0] + p * dilation[0];
          const x0 = column * stride[1] - pad[1] + q * dilation[1];
          if (y0 < 0 || x0 < 0 || y0 >= at(x.shape, 2) || x0 >= at(x.shape, 3)) continue;
          const k = ((o * (channels / group) + c) * kernel[0] + p) * kernel[1] + q;
          z += at(x.data, offsetOf([0, g * (channels / group) + c, y0, x0], x.shape)) * at(weight?.data ?? [], k);
        }
      }
    }
    return z;
  });
}

/** The backward pass of a convolution: every input scatters itself over its window. */
export function transposedConvolution(x: Values, given: ReferenceLayer): Values {
  const { kernel, stride, pad, dilation, group, outputs } = geometry(given);
  const channels = at(x.shape, 1);
  const side = (axis: 0 | 1) =>
    stride[axis] * (at(x.shape, axis + 2) - 1) + dilation[axis] * (kernel[axis] - 1) + 1 - 2 * pad[axis];
  const [weight, bias] = given.blobs;
  const top = filled([1, outputs, side(0), side(1)], ([, o = 0]) => (bias === undefined ? 0 : at(bias.data, o)));
  for (let c = 0; c < channels; c += 1) {
    const g = Math.floor(c / (channels / group));
    for (let o = 0; o < outputs / group; o += 1) {
      for (let row = 0; row < at(x.shape, 2); row += 1) {
        for (let column = 0; column < at(x.shape, 3); column += 1) {
          const value = at(x.data, offsetOf([0, c, row, column], x.shape));
          for (let p = 0; p < kernel[0]; p += 1) {
            for (let q = 0; q < kernel[1]; q += 1) {
              const y0 = row * stride[0] - pad[0] + p * dilation[0];
              const x0 = column * stride[1] - pad[1] + q * dilation[1];
              if (y0 < 0 || x0 < 0 || y0 >= side(0) || x0 >= side(1)) continue;
              const to = offsetOf([0, g * (outputs / group) + o, y0, x0], top.shape);
              const k = ((c * (outputs / group) + o) * kernel[0] + p) * kernel[1] + q;
              top.data[to] = at(top.data, to) + value * at(weight?.data ?? [], k);
            }
          }
        }
      }
    }
  }
  return top;
}

/** PoolingLayer::Reshape and Forward_cpu. */
export function pooled(x: Values, given: ReferenceLayer): Values {
  const message = given.layer.parameters['pooling_param'] ?? {};
  const [, channels = 0, height = 0, width = 0] = x.shape;
  const of = (both: string, single: string, otherwise: number) => pair(given, 'pooling_param', both, single, otherwise);
  const kernel = message['global_pooling'] === true ? [height, width] : of('kernel_size', 'kernel', 0);
  const [kernelH = 0, kernelW = 0] = kernel;
  const [strideH, strideW] = of('stride', 'stride', 1);
  const [padH, padW] = of('pad', 'pad', 0);
  const round = message['round_mode'] === 'FLOOR' ? Math.floor : Math.ceil;
  let pooledHeight = round((height + 2 * padH - kernelH) / strideH) + 1;
  let pooledWidth = round((width + 2 * padW - kernelW) / strideW) + 1;
  if (padH || padW) {
    if ((pooledHeight - 1) * strideH >= height + padH) pooledHeight -= 1;
    if ((pooledWidth - 1) * strideW >= width + padW) pooledWidth -= 1;
  }
  return filled([1, channels, pooledHeight, pooledWidth], ([, c = 0, ph = 0, pw = 0]) => {
    let [hstart, wstart] = [ph * strideH - padH, pw * strideW - padW];
    let [hend, wend] = [Math.min(hstart + kernelH, height + padH), Math.min(wstart + kernelW, width + padW)];
    const poolSize = (hend - hstart) * (wend - wstart);
    [hstart, wstart] = [Math.max(hstart, 0), Math.max(wstart, 0)];
    [hend, wend] = [Math.min(hend, height), Math.min(wend, width)];
    const cells: number[] = [];
    for (let h = hstart; h < hend; h += 1) {
      for (let w = wstart; w < wend; w += 1) cells.push(at(x.data, offsetOf([0, c, h, w], x.shape)));
    }
    return message['pool'] === 'AVE' ? cells.reduce((sum, cell) => sum + cell, 0) / poolSize : Math.max(...cells);
  });
}

/** LRNLayer::WithinChannelForward: x · (1 + α · average of squares)^−β, by the layers Power, Pooling and Eltwise. */
export function withinChannel(x: Values, { layer }: ReferenceLayer): Values {
  const message = layer.parameters['lrn_param'] ?? {};
  const size = Number(message['local_size'] ?? 5);
  const squares = { shape: x.shape, data: x.data.map((value) => value * value) };
  const pooling = { pool: 'AVE', pad: (size - 1) / 2, kernel_size: size };
  const average = pooled(squares, { layer: { ...layer, parameters: { pooling_param: pooling } }, blobs: [] });
  const [alpha, beta] = [Number(message['alpha'] ?? 1), Number(message['beta'] ?? 0.75)];
  return { shape: x.shape, data: x.data.map((value, k) => value * (1 + alpha * at(average.data, k)) ** -beta) };
}
