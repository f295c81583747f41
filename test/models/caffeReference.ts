import type { CaffeBlob, CaffeLayer, CaffeNet, CaffeWeights } from '../../models/importers/caffe/net.ts';
import { type Shape, sizeOf } from '../../models/tensors/tensor.ts';
import { field, numbers, type ReferenceLayer } from './caffeFields.ts';
import { pooled, transposedConvolution, windowedConvolution, withinChannel } from './caffeWindows.ts';
import { at, filled, offsetOf, type Values } from './values.ts';

type Evaluate = (inputs: readonly Values[], layer: ReferenceLayer) => readonly Values[];

/**
 * All blobs of a net after its forward pass for one item: plain loops in float64 that restate what Caffe's layers do
 * (their Forward_cpu), with names that are overwritten by layers in place.
 */
export function caffeForward(net: CaffeNet, weights: CaffeWeights, input: Values): ReadonlyMap<string, Values> {
  const blobs = new Map<string, Values>();
  for (const { name } of net.inputs) blobs.set(name, { shape: [1, ...input.shape], data: input.data });
  for (const layer of net.layers) {
    const inputs = layer.bottoms.map((name) => blobs.get(name) ?? fail(`no blob ${name}`));
    const evaluate = LAYERS[layer.type] ?? fail(`no reference for ${layer.type}`);
    const own = (weights.get(layer.name) ?? []).map(inFloat64);
    for (const [top, value] of evaluate(inputs, { layer, blobs: own }).entries()) blobs.set(at(layer.tops, top), value);
  }
  return blobs;
}

const LAYERS: Readonly<Record<string, Evaluate>> = {
  Convolution: one(windowedConvolution),
  Deconvolution: one(transposedConvolution),
  Pooling: one(pooled),
  InnerProduct: one(innerProduct),
  ReLU: elementwise(
    (x, { layer }) => Math.max(x, 0) + field(layer, 'relu_param', 'negative_slope', 0) * Math.min(x, 0),
  ),
  PReLU: one((x, { blobs }) =>
    filled(x.shape, (place) => {
      const [value, slopes] = [at(x.data, offsetOf(place, x.shape)), at(blobs, 0).data];
      const slope = at(slopes, slopes.length === 1 ? 0 : at(place, 1));
      return Math.max(value, 0) + slope * Math.min(value, 0);
    }),
  ),
  ELU: elementwise((x, { layer }) => (x > 0 ? x : field(layer, 'elu_param', 'alpha', 1) * (Math.exp(x) - 1))),
  Sigmoid: elementwise((x) => 0.5 * Math.tanh(0.5 * x) + 0.5),
  TanH: elementwise(Math.tanh),
  AbsVal: elementwise(Math.abs),
  BNLL: elementwise((x) => (x > 0 ? x + Math.log(1 + Math.exp(-x)) : Math.log(1 + Math.exp(x)))),
  Clip: elementwise((x, { layer }) =>
    Math.max(field(layer, 'clip_param', 'min', 0), Math.min(x, field(layer, 'clip_param', 'max', 0))),
  ),
  Power: elementwise((x, { layer }) => {
    const of = (name: string, otherwise: number) => field(layer, 'power_param', name, otherwise);
    return (of('shift', 0) + of('scale', 1) * x) ** of('power', 1);
  }),
  Exp: elementwise((x, { layer }) => {
    const of = (name: string, otherwise: number) => field(layer, 'exp_param', name, otherwise);
    const base = of('base', -1) === -1 ? Math.E : of('base', -1);
    return base ** (of('shift', 0) + of('scale', 1) * x);
  }),
  Log: elementwise((x, { layer }) => {
    const of = (name: string, otherwise: number) => field(layer, 'log_param', name, otherwise);
    const base = of('base', -1) === -1 ? Math.E : of('base', -1);
    return Math.log(of('shift', 0) + of('scale', 1) * x) / Math.log(base);
  }),
  LRN: one((x, given) => (at(normRegion(given), 0) === 'W' ? withinChannel(x, given) : acrossChannels(x, given))),
  BatchNorm: one((x, { layer, blobs }) => {
    const [mean, variance, weight] = [at(blobs, 0).data, at(blobs, 1).data, at(at(blobs, 2).data, 0)];
    const factor = weight === 0 ? 0 : 1 / weight;
    const eps = field(layer, 'batch_norm_param', 'eps', 1e-5);
    return perChannel(x, (value, c) => (value - at(mean, c) * factor) / Math.sqrt(at(variance, c) * factor + eps));
  }),
  Scale: one((x, { blobs }) =>
    perChannel(
      x,
      (value, c) => value * channelOf(at(blobs, 0), c) + (blobs[1] === undefined ? 0 : channelOf(blobs[1], c)),
    ),
  ),
  Bias: one((x, { blobs }) => perChannel(x, (value, c) => value + channelOf(at(blobs, 0), c))),
  Eltwise: (inputs, { layer }) => {
    const coefficients = numbers(layer, 'eltwise_param', 'coeff');
    const first = at(inputs, 0);
    const data = first.data.map((_, k) =>
      inputs.reduce((sum, input, i) => sum + (coefficients[i] ?? 1) * at(input.data, k), 0),
    );
    return [{ shape: first.shape, data }];
  },
  Concat: (inputs, { layer }) => {
    const axis = canonical(
      field(layer, 'concat_param', 'axis', field(layer, 'concat_param', 'concat_dim', 1)),
      at(inputs, 0),
    );
    const side = inputs.reduce((sum, { shape }) => sum + at(shape, axis), 0);
    const shape = at(inputs, 0).shape.map((own, a) => (a === axis ? side : own));
    return [
      filled(shape, (place) => {
        let [rest, index] = [at(place, axis), 0];
        while (rest >= at(at(inputs, index).shape, axis)) {
          rest -= at(at(inputs, index).shape, axis);
          index += 1;
        }
        const input = at(inputs, index);
        return at(
          input.data,
          offsetOf(
            place.map((p, a) => (a === axis ? rest : p)),
            input.shape,
          ),
        );
      }),
    ];
  },
  Slice: ([x = fail('no input')], { layer }) => {
    const axis = canonical(field(layer, 'slice_param', 'axis', field(layer, 'slice_param', 'slice_dim', 1)), x);
    const side = at(x.shape, axis);
    const stated = numbers(layer, 'slice_param', 'slice_point');
    const equal = layer.tops.slice(1).map((_, i) => ((i + 1) * side) / layer.tops.length);
    const borders = [0, ...(stated.length > 0 ? stated : equal), side];
    return layer.tops.map((_, i) => {
      const [from, to] = [at(borders, i), at(borders, i + 1)];
      return part(
        x,
        x.shape.map((_, a) => (a === axis ? from : 0)),
        x.shape.map((own, a) => (a === axis ? to - from : own)),
      );
    });
  },
  Split: ([x = fail('no input')], { layer }) => layer.tops.map(() => x),
  Flatten: one((x, { layer }) => {
    const [first, last] = [
      canonical(field(layer, 'flatten_param', 'axis', 1), x),
      canonical(field(layer, 'flatten_param', 'end_axis', -1), x),
    ];
    const middle = sizeOf(x.shape.slice(first, last + 1));
    return { shape: [...x.shape.slice(0, first), middle, ...x.shape.slice(last + 1)], data: x.data };
  }),
  Reshape: one((x, { layer }) => ({ shape: reshaped(x, layer), data: x.data })),
  Permute: one((x, { layer }) => {
    const stated = numbers(layer, 'permute_param', 'order');
    const order = [...stated, ...x.shape.keys()].filter((axis, i, all) => all.indexOf(axis) === i);
    return filled(
      order.map((axis) => at(x.shape, axis)),
      (to) =>
        at(
          x.data,
          offsetOf(
            x.shape.map((_, axis) => at(to, order.indexOf(axis))),
            x.shape,
          ),
        ),
    );
  }),
  Crop: ([x = fail('no input'), like = fail('no reference')], { layer }) => {
    const axis = canonical(field(layer, 'crop_param', 'axis', 2), x);
    const offsets = numbers(layer, 'crop_param', 'offset');
    const offset = (a: number) => (offsets.length === 1 ? at(offsets, 0) : (offsets[a - axis] ?? 0));
    return [
      part(
        x,
        x.shape.map((_, a) => (a < axis ? 0 : offset(a))),
        x.shape.map((own, a) => (a < axis ? own : at(like.shape, a))),
      ),
    ];
  },
  Dropout: (inputs) => inputs,
};

function one(evaluate: (x: Values, layer: ReferenceLayer) => Values): Evaluate {
  return ([x = fail('no input')], layer) => [evaluate(x, layer)];
}

function elementwise(f: (x: number, layer: ReferenceLayer) => number): Evaluate {
  return one((x, layer) => ({ shape: x.shape, data: x.data.map((value) => f(value, layer)) }));
}

function innerProduct(x: Values, { layer, blobs }: ReferenceLayer): Values {
  const outputs = field(layer, 'inner_product_param', 'num_output', 0);
  const inputs = x.data.length;
  const isTransposed = layer.parameters['inner_product_param']?.['transpose'] === true;
  return filled([1, outputs], ([, o = 0]) => {
    let z = blobs[1] === undefined ? 0 : at(blobs[1].data, o);
    for (let i = 0; i < inputs; i += 1) {
      z += at(x.data, i) * at(at(blobs, 0).data, isTransposed ? i * outputs + o : o * inputs + i);
    }
    return z;
  });
}

function normRegion({ layer }: ReferenceLayer): string {
  return String(layer.parameters['lrn_param']?.['norm_region'] ?? 'ACROSS_CHANNELS');
}

function acrossChannels(x: Values, { layer }: ReferenceLayer): Values {
  const of = (name: string, otherwise: number) => field(layer, 'lrn_param', name, otherwise);
  const size = of('local_size', 5);
  const reach = (size - 1) / 2;
  return filled(x.shape, ([n = 0, c = 0, row = 0, column = 0]) => {
    let squares = 0;
    for (let other = c - reach; other <= c + reach; other += 1) {
      if (other >= 0 && other < at(x.shape, 1)) squares += at(x.data, offsetOf([n, other, row, column], x.shape)) ** 2;
    }
    const value = at(x.data, offsetOf([n, c, row, column], x.shape));
    return value * (of('k', 1) + (of('alpha', 1) / size) * squares) ** -of('beta', 0.75);
  });
}

function reshaped(x: Values, layer: CaffeLayer): Shape {
  const message = layer.parameters['reshape_param'] ?? {};
  const { dim } = message['shape'] as { dim: readonly number[] };
  const axis = field(layer, 'reshape_param', 'axis', 0);
  const start = axis >= 0 ? axis : x.shape.length + axis + 1;
  const axes = field(layer, 'reshape_param', 'num_axes', -1);
  const end = axes === -1 ? x.shape.length : start + axes;
  const middle = dim.map((side, i) => (side === 0 ? at(x.shape, start + i) : side));
  const shape = [...x.shape.slice(0, start), ...middle, ...x.shape.slice(end)];
  const known = shape.filter((side) => side !== -1).reduce((product, side) => product * side, 1);
  return shape.map((side) => (side === -1 ? x.data.length / known : side));
}

function perChannel(x: Values, f: (value: number, channel: number) => number): Values {
  return filled(x.shape, (place) => f(at(x.data, offsetOf(place, x.shape)), at(place, 1)));
}

function channelOf({ data }: Values, channel: number): number {
  return at(data, data.length === 1 ? 0 : channel);
}

function part(x: Values, begin: readonly number[], shape: Shape): Values {
  return filled(shape, (to) =>
    at(
      x.data,
      offsetOf(
        to.map((p, a) => p + at(begin, a)),
        x.shape,
      ),
    ),
  );
}

function canonical(axis: number, { shape }: Values): number {
  return axis < 0 ? axis + shape.length : axis;
}

function inFloat64({ shape, data }: CaffeBlob): Values {
  return { shape, data: Float64Array.from(data) };
}

function fail(message: string): never {
  throw new RangeError(message);
}
