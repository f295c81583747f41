import { z } from 'zod';
import type { Padding, Pair } from '../../network.ts';
import { type ArrayTensor, arrayTensor, type Shape } from '../../tensors/tensor.ts';
import { transpose } from '../../tensors/transpose.ts';
import { ImportFault } from '../faults.ts';
import { activated, activationSchema } from './activations.ts';
import { type Building, type LayerReader, paddingSchema, pairSchema, reader } from './reader.ts';
import { imageInput, type KerasValue, onlyInput, placesOf, plainValue } from './values.ts';
import { kerasPadding } from './windows.ts';

const useBias = z.boolean().default(true);
const count = z.int().min(1);

const dense = z.object({ units: count, activation: activationSchema, use_bias: useBias });

const convolution = z.object({
  kernel_size: pairSchema,
  strides: pairSchema.default([1, 1]),
  padding: paddingSchema.default('valid'),
  dilation_rate: pairSchema.default([1, 1]),
  activation: activationSchema,
  use_bias: useBias,
});
const conv2d = convolution.extend({ filters: count, groups: count.default(1) });
const depthwise = convolution.extend({ depth_multiplier: count.default(1) });

export const LINEAR_READERS: Readonly<Record<string, LayerReader>> = {
  Dense: reader(dense, ({ name, config }, inputs, building) => {
    const given = onlyInput(inputs);
    const input = asVector(name, given, building);
    const index = building.draft.add({
      type: 'dense',
      name,
      inputs: [input.index],
      weight: denseWeight(name, config.units, input, building),
      bias: biasOf(name, config.use_bias, config.units, building),
    });
    const output = activated(building, name, index, config.activation);
    return given.shape.length === 1 ? output : asPixel(name, output, building);
  }),
  Conv2D: reader(conv2d, ({ name, config }, inputs, building) => {
    const input = imageInput(inputs);
    const [channels = 0] = input.shape;
    const { filters, groups } = config;
    if (channels % groups !== 0) throw new ImportFault(`${channels} channels cannot be split into ${groups} groups`);
    const weight = building.weights.read(name, 'kernel', [...config.kernel_size, channels / groups, filters]);
    const kernel = inOrder(weight, [...config.kernel_size, channels / groups, filters], [3, 2, 0, 1]);
    return convolved(name, { ...config, groups }, kernel, input, building);
  }),
  DepthwiseConv2D: reader(depthwise, ({ name, config }, inputs, building) => {
    const input = imageInput(inputs);
    const [channels = 0] = input.shape;
    const shape = [...config.kernel_size, channels, config.depth_multiplier];
    const weight = building.weights.read(name, 'depthwise_kernel', shape);
    const byChannel = inOrder(weight, shape, [2, 3, 0, 1]);
    const kernel = arrayTensor([channels * config.depth_multiplier, 1, ...config.kernel_size], byChannel.data);
    return convolved(name, { ...config, groups: channels }, kernel, input, building);
  }),
};

type ConvolutionConfig = z.output<typeof convolution> & { readonly groups: number };

/** `kernel` is OIHW. */
function convolved(
  name: string,
  config: ConvolutionConfig,
  kernel: ArrayTensor,
  input: KerasValue,
  building: Building,
): KerasValue {
  const [filters = 0] = kernel.shape;
  const { strides: stride, dilation_rate: dilation, groups } = config;
  const windows = { kernel: config.kernel_size, stride, dilation };
  const padding: Padding = kerasPadding(config.padding, windows, imageSides(input));
  const bias = biasOf(name, config.use_bias, filters, building);
  const index = building.draft.add({
    type: 'conv2d',
    name,
    inputs: [input.index],
    weight: kernel,
    bias,
    stride,
    padding,
    dilation,
    groups,
  });
  return activated(building, name, index, config.activation);
}

/** Outputs that are transposed together: as many values as fit into a cache line. */
const LINE = 16;

/** Keras' kernel [in, out], its rows in Keras' order of the vector, as [out, in] in ours. */
function denseWeight(name: string, units: number, input: KerasValue, building: Building): ArrayTensor {
  const [size = 0] = input.shape;
  const kernel = building.weights.read(name, 'kernel', [size, units]);
  const rows = new Int32Array(size);
  for (const [row, place] of placesOf(input).entries()) rows[place] = row;
  const weight = new Float32Array(kernel.length);
  for (let first = 0; first < units; first += LINE) {
    const last = Math.min(first + LINE, units);
    for (let place = 0; place < size; place += 1) {
      const begin = (rows[place] ?? 0) * units;
      for (let unit = first; unit < last; unit += 1) weight[unit * size + place] = kernel[begin + unit] ?? 0;
    }
  }
  return arrayTensor([units, size], weight);
}

function biasOf(name: string, used: boolean, size: number, { weights }: Building): ArrayTensor | null {
  return used ? arrayTensor([size], weights.read(name, 'bias', [size])) : null;
}

/** A dense layer works on the last axis of whatever it gets; here only a vector and an image of one pixel are the same. */
function asVector(name: string, input: KerasValue, { draft, channelsLast }: Building): KerasValue {
  if (input.shape.length === 1) return input;
  const [channels = 0, ...sides] = input.shape;
  if (!channelsLast || sides.length !== 2 || sides.some((side) => side !== 1)) {
    throw new ImportFault(
      `is applied to the shape [${input.shape.join(', ')}]; only a vector is supported (Flatten first)`,
    );
  }
  const shape = [channels];
  return plainValue(draft.add({ type: 'reshape', name: `${name}/flatten`, inputs: [input.index], shape }), shape);
}

function asPixel(name: string, vector: KerasValue, { draft }: Building): KerasValue {
  const shape = [...vector.shape, 1, 1];
  return plainValue(draft.add({ type: 'reshape', name: `${name}/pixel`, inputs: [vector.index], shape }), shape);
}

function imageSides({ shape: [, height = 0, width = 0] }: KerasValue): Pair {
  return [height, width];
}

function inOrder(data: Float32Array, shape: Shape, order: readonly number[]): ArrayTensor {
  return arrayTensor(
    order.map((axis) => shape[axis] ?? 0),
    transpose(data, shape, order),
  );
}
