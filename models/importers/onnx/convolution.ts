import type { Padding, Pair } from '../../network.ts';
import { type ArrayTensor, arrayTensor } from '../../tensors/tensor.ts';
import { ImportFault } from '../faults.ts';
import {
  type Building,
  computedAt,
  constantAt,
  type NodeReader,
  type OnnxNode,
  optionalConstant,
  reading,
  vectorOf,
  weightsOf,
} from './node.ts';
import { type Computed, show } from './values.ts';
import { type Geometry, geometryOf, pairOf, sidesOf, splitPadding, statedPadding } from './windows.ts';

/** A kernel as an image's: that of a signal gets a height of 1. */
function kernelOf(node: OnnxNode, { signal }: Computed): { readonly weight: ArrayTensor; readonly kernel: Pair } {
  const value = constantAt(node, 1, 'weight');
  const [outer = 0, inner = 0, ...sides] = value.shape;
  const stated = node.attributes.ints('kernel_shape') ?? sides;
  if (value.shape.length !== (signal ? 3 : 4) || stated.join() !== sides.join()) {
    throw new ImportFault(
      `its weight ${show(value.shape)} does not fit its input, or its kernel_shape ${show(stated)}`,
    );
  }
  const kernel = pairOf(sides, signal, 'kernel');
  return { weight: arrayTensor([outer, inner, ...kernel], weightsOf(value, 'weight')), kernel };
}

function biasOf(node: OnnxNode, size: number): ArrayTensor | null {
  const value = optionalConstant(node, 2, 'bias');
  return value && vectorOf(value, size, 'bias');
}

function groupsOf({ attributes }: OnnxNode): number {
  const groups = attributes.int('group') ?? 1;
  if (!(groups >= 1 && groups <= 1 << 24)) throw new ImportFault(`its group ${groups} must be positive`);
  return groups;
}

function convolution(node: OnnxNode, { layers }: Building): Computed {
  const { name } = node;
  const input = layers.image(name, computedAt(node, 0));
  sidesOf(input);
  const { weight, kernel } = kernelOf(node, input);
  const { stride, dilation, padding } = geometryOf(node.attributes, kernel, input);
  const windows = { stride, padding, dilation, groups: groupsOf(node) };
  const bias = biasOf(node, weight.shape[0] ?? 0);
  return layers.derived(input, layers.add({ type: 'conv2d', name, inputs: [input.index], weight, bias, ...windows }));
}

function transposed(node: OnnxNode, { layers }: Building): Computed {
  const { name } = node;
  const input = layers.image(name, computedAt(node, 0));
  const { weight, kernel } = kernelOf(node, input);
  const groups = groupsOf(node);
  const geometry = transposedGeometry(node, kernel, input);
  const bias = biasOf(node, (weight.shape[1] ?? 0) * groups);
  const base = { name, inputs: [input.index], weight, bias, groups };
  return layers.derived(input, layers.add({ type: 'conv2dTranspose', ...base, ...geometry }));
}

type TransposedGeometry = Omit<Geometry, 'kernel'> & { readonly outputPadding: Pair };

function transposedGeometry({ attributes }: OnnxNode, kernel: Pair, input: Computed): TransposedGeometry {
  const { signal } = input;
  const extent = (name: string, lowest: 0 | 1) =>
    pairOf(
      attributes.ints(name) ??
        sidesOf(input)
          .slice(Number(signal))
          .map(() => lowest),
      signal,
      name,
      lowest,
    );
  const windows = {
    stride: extent('strides', 1),
    dilation: extent('dilations', 1),
    outputPadding: extent('output_padding', 0),
  };
  const auto = attributes.text('auto_pad') ?? 'NOTSET';
  const stated = attributes.ints('output_shape')?.slice(signal ? -1 : -2);
  if (stated === undefined && (auto === 'NOTSET' || auto === 'VALID')) {
    return { ...windows, padding: statedPadding(attributes, input) };
  }
  attributes.ignore('pads');
  const [height, width] = sidesOf(input);
  const implied: Pair = [height * windows.stride[0], width * windows.stride[1]];
  const wanted = stated === undefined ? implied : pairOf(stated, signal, 'output_shape');
  return { ...windows, padding: paddingFor(wanted, { ...windows, kernel }, [height, width], auto) };
}

/** The padding that leaves an output of the wanted size; an odd cell lies before it unless `auto` is SAME_UPPER. */
function paddingFor(
  wanted: Pair,
  { kernel, stride, dilation, outputPadding }: Omit<TransposedGeometry, 'padding'> & { readonly kernel: Pair },
  sides: Pair,
  auto: string,
): Padding {
  const along = (axis: 0 | 1): Pair => {
    const reach = dilation[axis] * (kernel[axis] - 1) + 1;
    const total = stride[axis] * (sides[axis] - 1) + outputPadding[axis] + reach - wanted[axis];
    if (total < 0)
      throw new ImportFault(`its output cannot have the size ${show(wanted)}; windows do not reach so far`);
    return splitPadding(total, auto === 'SAME_UPPER' ? auto : 'SAME_LOWER');
  };
  const [top, bottom] = along(0);
  const [left, right] = along(1);
  return [top, left, bottom, right];
}

export const CONVOLUTION_READERS: Readonly<Record<string, NodeReader>> = {
  Conv: reading(convolution),
  ConvTranspose: reading(transposed),
};
