import { z } from 'zod';
import type { Padding, Pair } from '../../network.ts';
import { type ArrayTensor, arrayTensor, type Shape } from '../../tensors/tensor.ts';
import { ImportFault } from '../faults.ts';
import { biasFillerSchema, weightFillerSchema, weightSpec } from './parameters.ts';
import {
  axisOf,
  type Building,
  cellsSchema,
  countSchema,
  extentSchema,
  ignoredSchema,
  type LayerReader,
  listSchema,
  type ReadLayer,
  reader,
} from './reader.ts';
import { imageInput, pairOf } from './windows.ts';

const convolutionSchema = z.strictObject({
  num_output: countSchema,
  bias_term: z.boolean().default(true),
  pad: listSchema(cellsSchema),
  pad_h: cellsSchema.optional(),
  pad_w: cellsSchema.optional(),
  kernel_size: listSchema(extentSchema),
  kernel_h: extentSchema.optional(),
  kernel_w: extentSchema.optional(),
  stride: listSchema(extentSchema),
  stride_h: extentSchema.optional(),
  stride_w: extentSchema.optional(),
  dilation: listSchema(extentSchema),
  group: countSchema.default(1),
  axis: z.int().default(1),
  weight_filler: weightFillerSchema,
  bias_filler: biasFillerSchema,
  engine: ignoredSchema,
  force_nd_im2col: ignoredSchema,
});

type Convolution = z.output<typeof convolutionSchema>;

/** A convolution and its transpose; both keep their weights as Caffe has them, [first, second / group, kh, kw]. */
export const CONVOLUTION_READERS: Readonly<Record<string, LayerReader>> = {
  Convolution: reader('convolution_param', convolutionSchema, (layer, inputs, building) => {
    const { num_output: outputs, group } = layer.config;
    const { index, channels } = groupedInput(layer.config, inputs, building);
    const geometry = geometryOf(layer.config);
    const parameters = parametersOf(layer, [outputs, channels / group, ...geometry.kernel], building);
    const { kernel: _, ...windows } = geometry;
    return building.draft.add({ type: 'conv2d', name: layer.name, inputs: [index], ...parameters, ...windows });
  }),
  Deconvolution: reader('convolution_param', convolutionSchema, (layer, inputs, building) => {
    const { num_output: outputs, group } = layer.config;
    const { index, channels } = groupedInput(layer.config, inputs, building);
    const geometry = geometryOf(layer.config);
    const parameters = parametersOf(layer, [channels, outputs / group, ...geometry.kernel], building);
    const { kernel: _, ...windows } = geometry;
    const place = { type: 'conv2dTranspose', name: layer.name, inputs: [index], outputPadding: [0, 0] } as const;
    return building.draft.add({ ...place, ...parameters, ...windows });
  }),
};

function groupedInput(
  { axis, group, num_output: outputs }: Convolution,
  inputs: readonly number[],
  building: Building,
): { index: number; channels: number } {
  const { index, shape } = imageInput(inputs, building);
  const [channels = 0] = shape;
  if (axisOf(axis, shape.length) !== 0) throw new ImportFault(`axis ${axis} is not supported, only 1, the channels`);
  if (channels % group !== 0 || outputs % group !== 0) {
    throw new ImportFault(`${channels} channels and ${outputs} outputs cannot be split into ${group} groups`);
  }
  return { index, channels };
}

interface Geometry {
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly padding: Padding;
  readonly dilation: Pair;
  readonly groups: number;
}

function geometryOf(config: Convolution): Geometry {
  const kernel = { list: config.kernel_size, h: config.kernel_h, w: config.kernel_w };
  const stride = { list: config.stride, h: config.stride_h, w: config.stride_w };
  const [rows, columns] = pairOf('pad', { list: config.pad, h: config.pad_h, w: config.pad_w }, 0, 0);
  return {
    kernel: pairOf('kernel_size', kernel, null, null),
    stride: pairOf('stride', stride, 1, null),
    padding: [rows, columns, rows, columns],
    dilation: pairOf('dilation', { list: config.dilation, h: undefined, w: undefined }, 1, null),
    groups: config.group,
  };
}

function parametersOf(
  { name, config }: ReadLayer<Convolution>,
  kernel: Shape,
  { parameters }: Building,
): { weight: ArrayTensor; bias: ArrayTensor | null } {
  const biasShape = [config.num_output];
  const wanted = [weightSpec(kernel, config.weight_filler), { shape: biasShape, initial: config.bias_filler }];
  const [weight, bias] = parameters.read(name, config.bias_term ? wanted : wanted.slice(0, 1));
  return weightAndBias(kernel, weight, bias);
}

/** The tensors of a linear layer, from what `ParameterSource.read` gave for one or two parameters. */
export function weightAndBias(
  shape: Shape,
  weight: Float32Array = new Float32Array(),
  bias?: Float32Array,
): { weight: ArrayTensor; bias: ArrayTensor | null } {
  return {
    weight: arrayTensor(shape, weight),
    bias: bias === undefined ? null : arrayTensor([bias.length], bias),
  };
}
