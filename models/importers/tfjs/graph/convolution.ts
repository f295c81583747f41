import type { Pair } from '../../../network.ts';
import { type ArrayTensor, arrayTensor } from '../../../tensors/tensor.ts';
import { ImportFault } from '../../faults.ts';
import { inOrder } from '../convolution.ts';
import { fusedIn, withFused } from './fused.ts';
import type { Operation } from './operation.ts';
import { computedInput, constantInput, floatsInput, type GraphValue, integersInput } from './values.ts';
import { asImage, asImageOf, layoutOf, paddingOf, sidesIn } from './windows.ts';

/** A kernel in our order, OIHW, and how its channels are grouped. */
interface Kernel {
  readonly weight: ArrayTensor;
  readonly groups: number;
}

/** [H, W, in / groups, out] */
function fullKernel(inputs: readonly GraphValue[], channels: number): Kernel {
  const shape = kernelShape(inputs, 1);
  const groups = channels / (shape[2] ?? 0);
  if (!Number.isInteger(groups)) {
    throw new ImportFault(`its filter [${shape.join(', ')}] does not fit an image of ${channels} channels`);
  }
  return { weight: inOrder(floatsInput(inputs, 1), shape, [3, 2, 0, 1]), groups };
}

/** [H, W, in, multiplier] */
function depthwiseKernel(inputs: readonly GraphValue[], channels: number): Kernel {
  const shape = kernelShape(inputs, 1);
  const [height = 0, width = 0, own = 0, multiplier = 0] = shape;
  if (own !== channels) {
    throw new ImportFault(`its filter [${shape.join(', ')}] does not fit an image of ${channels} channels`);
  }
  const byChannel = inOrder(floatsInput(inputs, 1), shape, [2, 3, 0, 1]);
  return { weight: arrayTensor([own * multiplier, 1, height, width], byChannel.data), groups: channels };
}

function kernelShape(inputs: readonly GraphValue[], place: number): readonly number[] {
  const { shape } = constantInput(inputs, place);
  if (shape.length !== 4 || shape.includes(0)) throw new ImportFault(`its filter has the shape [${shape.join(', ')}]`);
  return shape;
}

function convolution(kernelOf: (inputs: readonly GraphValue[], channels: number) => Kernel): Operation {
  return (node, inputs, building) => {
    const { name, attributes } = node;
    const layout = layoutOf(attributes);
    const image = asImage(name, computedInput(inputs, 0), layout, building);
    const [channels = 0, height = 0, width = 0] = image.shape;
    const { weight, groups } = kernelOf(inputs, channels);
    const [, , rows = 0, columns = 0] = weight.shape;
    const stride = sidesIn(attributes, 'strides', layout);
    const dilation = sidesIn(attributes, 'dilations', layout);
    const windows = { kernel: [rows, columns] as const, stride, dilation };
    const padding = paddingOf(node, layout, windows, [height, width]);
    const fused = fusedIn(node, inputs);
    const geometry = { stride, dilation, padding, groups };
    const conv = { type: 'conv2d', name, inputs: [image.index], weight, bias: fused.bias, ...geometry } as const;
    return withFused(node, asImageOf(building.draft.add(conv), layout, building), fused, building);
  };
}

/** The transpose of the convolution whose input has the size that the first input states. */
const transposedConvolution: Operation = (node, inputs, building) => {
  const { name, attributes } = node;
  const layout = layoutOf(attributes);
  const image = asImage(name, computedInput(inputs, 2), layout, building);
  const shape = kernelShape(inputs, 1);
  const [rows = 0, columns = 0] = shape;
  const stride = sidesIn(attributes, 'strides', layout);
  const dilation = sidesIn(attributes, 'dilations', layout);
  const sides = outputSides(inputs, layout.order);
  const padding = paddingOf(node, layout, { kernel: [rows, columns], stride, dilation }, sides);
  const added = ([0, 1] as const).map((axis) => {
    const reach = dilation[axis] * ((shape[axis] ?? 0) - 1) + 1;
    const natural = ((image.shape[axis + 1] ?? 0) - 1) * stride[axis] + reach;
    return sides[axis] - (natural - padding[axis] - padding[(axis + 2) as 2 | 3]);
  });
  const [down = -1, across = -1] = added;
  if (down < 0 || across < 0 || down >= stride[0] + rows || across >= stride[1] + columns) {
    throw new ImportFault(`its output size ${sides.join('×')} does not fit its input and strides`);
  }
  const index = building.draft.add({
    type: 'conv2dTranspose',
    name,
    inputs: [image.index],
    weight: inOrder(floatsInput(inputs, 1), shape, [3, 2, 0, 1]),
    bias: null,
    stride,
    dilation,
    padding,
    outputPadding: [down, across],
    groups: 1,
  });
  return asImageOf(index, layout, building);
};

/** Height and width of the output, out of its whole shape, in which the batch is not known. */
function outputSides(inputs: readonly GraphValue[], [, height, width]: readonly [number, number, number]): Pair {
  const sizes = inputs[0];
  const list = sizes?.kind === 'constant' ? sizes.data : [];
  const known = sizes?.kind === 'constant' && sizes.data.length === 2 ? integersInput(inputs, 0) : null;
  const pair = known ?? [list[height + 1], list[width + 1]];
  const [rows = Number.NaN, columns = Number.NaN] = pair;
  if (!Number.isSafeInteger(rows) || !Number.isSafeInteger(columns)) {
    throw new ImportFault('the size of its output is not known');
  }
  return [rows, columns];
}

export const CONVOLUTIONS: Readonly<Record<string, Operation>> = {
  Conv2D: convolution(fullKernel),
  _FusedConv2D: convolution(fullKernel),
  DepthwiseConv2dNative: convolution(depthwiseKernel),
  DepthwiseConv2d: convolution(depthwiseKernel),
  FusedDepthwiseConv2dNative: convolution(depthwiseKernel),
  Conv2DBackpropInput: transposedConvolution,
};
