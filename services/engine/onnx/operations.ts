import type { Operation, OperationName, Padding, Pair, Value } from '../graph.ts';
import { BATCH } from '../graph.ts';
import type { NodeWriter } from './nodeWriter.ts';

type Lower<Name extends OperationName> = (
  write: NodeWriter,
  operation: Extract<Operation, { name: Name }>,
  inputs: readonly string[],
  value: Value,
) => void;

type Computed = Exclude<OperationName, 'input' | 'constant'>;

/** Operations that ONNX has under another name, with the same inputs and no attributes. */
function renamed<Name extends Computed>(type: string): Lower<Name> {
  return (write, _operation, inputs, value) => write.result(value, type, inputs);
}

/** How every primitive is written as ONNX nodes (operator set 18). */
export const LOWERINGS: { readonly [Name in Computed]: Lower<Name> } = {
  neg: renamed('Neg'),
  abs: renamed('Abs'),
  exp: renamed('Exp'),
  log: renamed('Log'),
  sqrt: renamed('Sqrt'),
  tanh: renamed('Tanh'),
  sigmoid: renamed('Sigmoid'),
  softplus: renamed('Softplus'),
  relu: renamed('Relu'),
  logicalNot: renamed('Not'),
  add: renamed('Add'),
  sub: renamed('Sub'),
  mul: renamed('Mul'),
  div: renamed('Div'),
  pow: renamed('Pow'),
  maximum: renamed('Max'),
  minimum: renamed('Min'),
  equal: renamed('Equal'),
  greater: renamed('Greater'),
  greaterEqual: renamed('GreaterOrEqual'),
  logicalAnd: renamed('And'),
  where: lowerWhere,
  matMul: (write, { transposeB }, inputs, value) => write.result(value, 'Gemm', inputs, { transB: transposeB ? 1 : 0 }),
  conv2d: (write, operation, inputs, value) => write.result(value, 'Conv', inputs, convAttributes(operation)),
  conv2dTranspose: (write, operation, inputs, value) => {
    const [x, w] = value.inputs;
    const overhang = (axis: 0 | 1): number => {
      const covered =
        ((x?.shape[axis + 2] ?? 0) - 1) * operation.stride[axis] +
        ((w?.shape[axis + 2] ?? 0) - 1) * operation.dilation[axis] +
        1;
      return operation.outputSize[axis] - (covered - operation.padding[axis] - operation.padding[axis === 0 ? 2 : 3]);
    };
    const attributes = { ...convAttributes(operation), output_padding: [overhang(0), overhang(1)] };
    write.result(value, 'ConvTranspose', inputs, attributes);
  },
  maxPool2d: (write, operation, [x = ''], value) => write.maxPool(value, x, poolAttributes(operation)),
  maxPool2dBackward: lowerMaxPoolBackward,
  avgPool2d: (write, operation, inputs, value) =>
    write.result(value, 'AveragePool', inputs, { ...poolAttributes(operation), count_include_pad: 1 }),
  avgPool2dBackward: lowerAvgPoolBackward,
  reduceSum: (write, { axes, keepDims }, inputs, value) =>
    write.result(value, 'ReduceSum', [...inputs, write.integers(axes)], reduction(keepDims)),
  reduceMax: (write, { axes, keepDims }, inputs, value) =>
    write.result(value, 'ReduceMax', [...inputs, write.integers(axes)], reduction(keepDims)),
  oneHotMax: (write, _operation, inputs, value) => {
    const index = write.node('ArgMax', inputs, { axis: 1, keepdims: 0 });
    const depth = write.integers([value.shape[1] ?? 0], []);
    write.result(value, 'OneHot', [index, depth, write.floats([0, 1], [2])], { axis: 1 });
  },
  softmax: (write, _operation, inputs, value) => write.result(value, 'Softmax', inputs, { axis: -1 }),
  reshape: (write, { shape }, inputs, value) => write.result(value, 'Reshape', [...inputs, write.integers(shape)]),
  transpose: (write, { order }, inputs, value) => write.result(value, 'Transpose', inputs, { perm: order }),
  concat: (write, { axis }, inputs, value) => write.result(value, 'Concat', inputs, { axis }),
  slice: (write, { begin, size }, inputs, value) => {
    const axes = begin.flatMap((_, axis) => (size[axis] === BATCH ? [] : [axis]));
    const starts = axes.map((axis) => begin[axis] ?? 0);
    const ends = axes.map((axis) => (begin[axis] ?? 0) + (size[axis] ?? 0));
    write.result(value, 'Slice', [...inputs, write.integers(starts), write.integers(ends), write.integers(axes)]);
  },
  pad: (write, { padding }, inputs, value) => {
    const amounts = [...padding.map(([before]) => before), ...padding.map(([, after]) => after)];
    write.result(value, 'Pad', [...inputs, write.integers(amounts)]);
  },
  reverse: (write, { axes }, inputs, value) => {
    const steps = axes.map(() => -1);
    const beforeFirst = axes.map(() => -(2 ** 31));
    const bounds = [steps, beforeFirst, axes, steps].map((list) => write.integers(list));
    write.result(value, 'Slice', [...inputs, ...bounds]);
  },
};

/** Without axes nothing is reduced; ONNX reduces everything unless told otherwise. */
function reduction(keepDims: boolean) {
  return { keepdims: keepDims ? 1 : 0, noop_with_empty_axes: 1 };
}

/** ONNX Runtime has no Where of booleans: (c ∧ a) ∨ (¬c ∧ b). */
function lowerWhere(
  write: NodeWriter,
  _operation: Extract<Operation, { name: 'where' }>,
  inputs: readonly string[],
  value: Value,
): void {
  if (value.dataType !== 'bool') {
    write.result(value, 'Where', inputs);
    return;
  }
  const [condition = '', a = '', b = ''] = inputs;
  const otherwise = write.node('And', [write.node('Not', [condition]), b]);
  write.result(value, 'Or', [write.node('And', [condition, a]), otherwise]);
}

function convAttributes(operation: { stride: Pair; padding: Padding; dilation: Pair; groups: number }) {
  const { stride, padding, dilation, groups } = operation;
  return { strides: stride, pads: padding, dilations: dilation, group: groups };
}

function poolAttributes({ kernel, stride, padding }: { kernel: Pair; stride: Pair; padding: Padding }) {
  return { kernel_shape: kernel, strides: stride, pads: padding };
}

/** Scatters to the places that MaxPool names as each window's first maximum; adds where windows overlap. */
function lowerMaxPoolBackward(
  write: NodeWriter,
  operation: Extract<Operation, { name: 'maxPool2dBackward' }>,
  [x = '', r = '']: readonly string[],
  value: Value,
): void {
  const { kernel, stride } = operation;
  const overlapping = kernel[0] > stride[0] || kernel[1] > stride[1];
  const all = write.integers([-1]);
  const places = write.node('Reshape', [write.maxPoolIndices(x, poolAttributes(operation)), all]);
  const shape = write.node('Shape', [x]);
  const zeros = write.node('Reshape', [write.node('ConstantOfShape', [shape]), all]);
  const amounts = write.node('Reshape', [r, all]);
  const reduction = overlapping ? { reduction: 'add' } : {};
  const scattered = write.node('ScatterElements', [zeros, places, amounts], { axis: 0, ...reduction });
  write.result(value, 'Reshape', [scattered, shape]);
}

/** Spreads over the windows: by broadcasting where windows tile the input, else by a transposed convolution with 1/(kh·kw). */
function lowerAvgPoolBackward(
  write: NodeWriter,
  operation: Extract<Operation, { name: 'avgPool2dBackward' }>,
  [r = '']: readonly string[],
  value: Value,
): void {
  const { kernel, stride, padding, inputSize } = operation;
  const [, channels = 0, rows = 0, columns = 0] = value.inputs[0]?.shape ?? [];
  const [kh, kw] = kernel;
  const tiles =
    padding.every((amount) => amount === 0) &&
    rows * kh === inputSize[0] &&
    columns * kw === inputSize[1] &&
    (rows === 1 || stride[0] === kh) &&
    (columns === 1 || stride[1] === kw);
  const share = 1 / (kh * kw);
  const final = write.integers([-1, channels, ...inputSize]);
  if (tiles) {
    const cells = write.node('Reshape', [r, write.integers([-1, channels, rows, 1, columns, 1])]);
    const shares = write.floats(new Array<number>(kh * kw).fill(share), [1, 1, 1, kh, 1, kw]);
    write.result(value, 'Reshape', [write.node('Mul', [cells, shares]), final]);
    return;
  }
  const planes = write.node('Reshape', [r, write.integers([-1, 1, rows, columns])]);
  const shares = write.floats(new Array<number>(kh * kw).fill(share), [1, 1, kh, kw]);
  const output_padding = [
    inputSize[0] - ((rows - 1) * stride[0] + kh - padding[0] - padding[2]),
    inputSize[1] - ((columns - 1) * stride[1] + kw - padding[1] - padding[3]),
  ];
  const spread = write.node('ConvTranspose', [planes, shares], { strides: stride, pads: padding, output_padding });
  write.result(value, 'Reshape', [spread, final]);
}
