import { z } from 'zod';
import { type ArrayTensor, arrayTensor, type Shape } from '../../tensors/tensor.ts';
import { transpose } from '../../tensors/transpose.ts';
import { ImportFault } from '../faults.ts';
import { activated, activationSchema } from './activations.ts';
import { type Building, countSchema, type LayerReader, reader, useBiasSchema } from './reader.ts';
import { derivedValue, type KerasValue, sidesOf } from './values.ts';
import {
  ALONG_SIGNALS,
  causalPaddingSchema,
  kerasPadding,
  OVER_IMAGES,
  paddingSchema,
  type Sliding,
} from './windows.ts';

function convolutionSchema({ axes, extent }: Sliding) {
  return z.object({
    kernel_size: extent,
    strides: extent.prefault(1),
    padding: (axes === 1 ? causalPaddingSchema : paddingSchema).default('valid'),
    dilation_rate: extent.prefault(1),
    activation: activationSchema,
    use_bias: useBiasSchema,
  });
}

type ConvolutionConfig = z.output<ReturnType<typeof convolutionSchema>>;

/** A kernel in our order, OIHW, and how its channels are grouped. */
interface Kernel {
  readonly weight: ArrayTensor;
  readonly groups: number;
}

export const CONVOLUTION_READERS: Readonly<Record<string, LayerReader>> = {
  Conv1D: convolutionReader(ALONG_SIGNALS),
  Conv2D: convolutionReader(OVER_IMAGES),
  DepthwiseConv1D: depthwiseReader(ALONG_SIGNALS),
  DepthwiseConv2D: depthwiseReader(OVER_IMAGES),
  SeparableConv1D: separableReader(ALONG_SIGNALS),
  SeparableConv2D: separableReader(OVER_IMAGES),
};

function convolutionReader(sliding: Sliding): LayerReader {
  const schema = convolutionSchema(sliding).extend({ filters: countSchema, groups: countSchema.default(1) });
  return reader(schema, ({ name, config }, inputs, building) => {
    const input = sliding.input(inputs);
    const [channels = 0] = input.shape;
    const { filters, groups } = config;
    if (channels % groups !== 0) throw new ImportFault(`${channels} channels cannot be split into ${groups} groups`);
    const shape = [...config.kernel_size, channels / groups, filters];
    const weight = inOrder(building.weights.read(name, 'kernel', shape.slice(2 - sliding.axes)), shape, [3, 2, 0, 1]);
    const output = convolved(name, config, { weight, groups }, input, building);
    return activated(building, name, output, config.activation);
  });
}

function depthwiseReader(sliding: Sliding): LayerReader {
  const schema = convolutionSchema(sliding).extend({ depth_multiplier: countSchema.default(1) });
  return reader(schema, ({ name, config }, inputs, building) => {
    const input = sliding.input(inputs);
    const kernel = depthwiseKernel(name, config, sliding, input, building);
    return activated(building, name, convolved(name, config, kernel, input, building), config.activation);
  });
}

/** A depthwise convolution, here `<name>/depthwise`, and one of single pixels behind it that has the layer's name. */
function separableReader(sliding: Sliding): LayerReader {
  const schema = convolutionSchema(sliding).extend({ filters: countSchema, depth_multiplier: countSchema.default(1) });
  return reader(schema, ({ name, config }, inputs, building) => {
    const input = sliding.input(inputs);
    const first = depthwiseKernel(name, config, sliding, input, building);
    const between = convolved(`${name}/depthwise`, { ...config, use_bias: false }, first, input, building);
    const shape = [1, 1, between.shape[0] ?? 0, config.filters];
    const values = building.weights.read(name, 'pointwise_kernel', shape.slice(2 - sliding.axes));
    const second = { weight: inOrder(values, shape, [3, 2, 0, 1]), groups: 1 };
    const single = { kernel_size: ONE, strides: ONE, dilation_rate: ONE, padding: 'valid' } as const;
    const output = convolved(name, { ...config, ...single }, second, between, building);
    return activated(building, name, output, config.activation);
  });
}

const ONE = [1, 1] as const;

function depthwiseKernel(
  name: string,
  config: Pick<ConvolutionConfig, 'kernel_size'> & { readonly depth_multiplier: number },
  { axes }: Sliding,
  { shape: [channels = 0] }: KerasValue,
  { weights }: Building,
): Kernel {
  const shape = [...config.kernel_size, channels, config.depth_multiplier];
  const byChannel = inOrder(weights.read(name, 'depthwise_kernel', shape.slice(2 - axes)), shape, [2, 3, 0, 1]);
  const ours = [channels * config.depth_multiplier, 1, ...config.kernel_size];
  return { weight: arrayTensor(ours, byChannel.data), groups: channels };
}

function convolved(
  name: string,
  config: Omit<ConvolutionConfig, 'activation'>,
  { weight, groups }: Kernel,
  input: KerasValue,
  building: Building,
): KerasValue {
  const [filters = 0] = weight.shape;
  const { kernel_size: kernel, strides: stride, dilation_rate: dilation } = config;
  const padding = kerasPadding(config.padding, { kernel, stride, dilation }, sidesOf(input));
  const bias = biasOf(name, config.use_bias, filters, building);
  const windows = { stride, padding, dilation, groups };
  const index = building.draft.add({ type: 'conv2d', name, inputs: [input.index], weight, bias, ...windows });
  return derivedValue(input, index, building.draft.shapeOf(index));
}

/** The `bias` of a layer, if it uses one. */
export function biasOf(name: string, used: boolean, size: number, { weights }: Building): ArrayTensor | null {
  return used ? arrayTensor([size], weights.read(name, 'bias', [size])) : null;
}

/** A parameter with its axes in another order: axis i of the result is axis order[i]. */
export function inOrder(data: Float32Array, shape: Shape, order: readonly number[]): ArrayTensor {
  return arrayTensor(
    order.map((axis) => shape[axis] ?? 0),
    transpose(data, shape, order),
  );
}
