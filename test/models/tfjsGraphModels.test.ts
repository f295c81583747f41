import { flag, float, GraphModel, int, ints, text, texts } from './graphModel.ts';
import { expectSameAsTensorFlow } from './graphReference.ts';
import { typesOf } from './importedKeras.ts';

const WINDOWS = {
  strides: ints(1, 1, 1, 1),
  padding: text('SAME'),
  data_format: text('NHWC'),
  dilations: ints(1, 1, 1, 1),
};

test('a classifier as the converter writes it, with fused operations and a flatten by shape arithmetic', async () => {
  const model = new GraphModel([8, 6, 3]);
  const scaled = model.node('scaled', 'Mul', ['x', model.float32('scale', [], 0.5)]);
  const shifted = model.node('shifted', 'AddV2', [scaled, model.random32('shift', [3])]);
  const padded = model.node('padded', 'Pad', [shifted, model.pairs('pad', [0, 0], [1, 0], [0, 1], [0, 0])]);
  const conv = model.node(
    'conv/Relu',
    '_FusedConv2D',
    [padded, model.random32('conv/kernel', [3, 3, 3, 4]), model.random32('conv/bias', [4])],
    { ...WINDOWS, padding: text('VALID'), fused_ops: texts('BiasAdd', 'Relu'), num_args: int(1) },
  );
  const depthwise = model.node(
    'depthwise/Relu6',
    'FusedDepthwiseConv2dNative',
    [conv, model.random32('depthwise/kernel', [3, 3, 4, 2]), model.random32('depthwise/bias', [8])],
    { ...WINDOWS, fused_ops: texts('BiasAdd', 'Relu6'), num_args: int(1) },
  );
  const pool = model.node('pool', 'MaxPool', [depthwise], {
    ksize: ints(1, 2, 2, 1),
    strides: ints(1, 2, 2, 1),
    padding: text('SAME'),
  });
  const logits = model.head(pool, 4 * 3 * 8);
  model.output(model.node('Identity', 'Identity', [model.node('softmax', 'Softmax', [logits])]));

  const network = await expectSameAsTensorFlow(model, logits);
  expect(network.outputFunction).toBe('softmax');
  expect(typesOf(network)).toEqual([
    'affine',
    'conv2d',
    'activation',
    'conv2d',
    'activation',
    'maxPool2d',
    'reshape',
    'dense',
  ]);
});

/** A node behind the input, an image of 6×5 cells and 4 channels, and the number of values that come out. */
type Step = (model: GraphModel) => { node: string; size: number };

const conv = (attributes: Record<string, Record<string, unknown>>, kernel: readonly number[], size: number): Step => {
  return (model) => ({
    node: model.node('step', 'Conv2D', ['x', model.random32('kernel', kernel)], { ...WINDOWS, ...attributes }),
    size,
  });
};

const unary = (op: string, attributes = {}): Step => {
  return (model) => ({ node: model.node('step', op, ['x'], attributes), size: 120 });
};

const besideConstant = (op: string, shape: readonly number[], constantFirst = false): Step => {
  return (model) => {
    const constant = model.random32('constant', shape, 0.5, 2);
    return { node: model.node('step', op, constantFirst ? [constant, 'x'] : ['x', constant]), size: 120 };
  };
};

const pool = (
  op: string,
  kernel: readonly number[],
  stride: readonly number[],
  padding: string,
  size: number,
): Step => {
  return (model) => ({
    node: model.node('step', op, ['x'], { ksize: ints(...kernel), strides: ints(...stride), padding: text(padding) }),
    size,
  });
};

const reduced = (op: string, axes: readonly number[], keepDims: boolean, size: number): Step => {
  return (model) => ({
    node: model.node('step', op, ['x', model.int32('axes', axes)], { keep_dims: flag(keepDims) }),
    size,
  });
};

const fused = (...ops: readonly string[]): Step => {
  return (model) => {
    const slopes = ops.includes('Prelu') ? [model.random32('slopes', [1, 1, 3], 0, 0.5)] : [];
    const inputs = ['x', model.random32('kernel', [3, 3, 4, 3]), model.random32('bias', [3]), ...slopes];
    const attributes = { ...WINDOWS, fused_ops: texts(...ops), num_args: int(inputs.length - 2) };
    return {
      node: model.node('step', '_FusedConv2D', inputs, { ...attributes, leakyrelu_alpha: float(0.3) }),
      size: 90,
    };
  };
};

const sliced = (
  begin: readonly number[],
  end: readonly number[],
  masks: Record<string, number>,
  size: number,
): Step => {
  return (model) => {
    const bounds = [
      model.int32('begin', begin),
      model.int32('end', end),
      model.int32(
        'strides',
        begin.map(() => 1),
      ),
    ];
    const attributes = Object.fromEntries(Object.entries(masks).map(([name, value]) => [name, int(value)]));
    return { node: model.node('step', 'StridedSlice', ['x', ...bounds], attributes), size };
  };
};

const STEPS: readonly (readonly [string, Step])[] = [
  ['Conv2D SAME, strides', conv({ strides: ints(1, 2, 2, 1) }, [3, 3, 4, 2], 18)],
  ['Conv2D SAME, dilations', conv({ dilations: ints(1, 2, 2, 1) }, [3, 3, 4, 2], 60)],
  ['Conv2D VALID', conv({ padding: text('VALID') }, [2, 3, 4, 2], 30)],
  [
    'Conv2D EXPLICIT',
    conv({ padding: text('EXPLICIT'), explicit_paddings: ints(0, 0, 1, 2, 0, 1, 0, 0) }, [3, 3, 4, 2], 56),
  ],
  [
    'DepthwiseConv2dNative',
    (model) => {
      const kernel = model.random32('kernel', [3, 2, 4, 2]);
      return { node: model.node('step', 'DepthwiseConv2dNative', ['x', kernel], WINDOWS), size: 240 };
    },
  ],
  ['_FusedConv2D, no activation', fused('BiasAdd')],
  ['_FusedConv2D, Elu', fused('BiasAdd', 'Elu')],
  ['_FusedConv2D, LeakyRelu', fused('BiasAdd', 'LeakyRelu')],
  ['_FusedConv2D, Prelu', fused('BiasAdd', 'Prelu')],
  ...['Relu', 'Relu6', 'Elu', 'Selu', 'Sigmoid', 'Tanh', 'Softplus', 'Exp', 'Abs', 'Neg', 'Square'].map(
    (op) => [op, unary(op)] as const,
  ),
  ['LeakyRelu', unary('LeakyRelu', { alpha: float(0.1) })],
  [
    'Prelu',
    (model) => ({ node: model.node('step', 'Prelu', ['x', model.random32('slopes', [1, 1, 4], 0, 0.5)]), size: 120 }),
  ],
  ['BiasAdd', besideConstant('BiasAdd', [4])],
  ['AddV2 of a number for each channel', besideConstant('AddV2', [4])],
  ['AddV2 of a mean image', besideConstant('AddV2', [1, 6, 5, 4])],
  ['Mul by a number for each row', besideConstant('Mul', [6, 1, 1])],
  ['Mul by a number for each column and channel', besideConstant('Mul', [5, 4])],
  ['Sub', besideConstant('Sub', [4])],
  ['Sub from a constant', besideConstant('Sub', [], true)],
  ['RealDiv', besideConstant('RealDiv', [4])],
  ['Maximum', besideConstant('Maximum', [])],
  ['Minimum', besideConstant('Minimum', [], true)],
  [
    'ClipByValue',
    (model) => ({
      node: model.node('step', 'ClipByValue', ['x', model.float32('low', [], -0.25), model.float32('high', [], 0.5)]),
      size: 120,
    }),
  ],
  [
    'FusedBatchNormV3',
    (model) => {
      const parameters = ['scale', 'offset', 'mean'].map((name) => model.random32(name, [4]));
      const variance = model.random32('variance', [4], 0.5, 2);
      const attributes = { epsilon: float(0.01), is_training: flag(false), data_format: text('NHWC') };
      return { node: model.node('step', 'FusedBatchNormV3', ['x', ...parameters, variance], attributes), size: 120 };
    },
  ],
  ['MaxPool VALID', pool('MaxPool', [1, 3, 2, 1], [1, 1, 2, 1], 'VALID', 32)],
  ['MaxPool SAME', pool('MaxPool', [1, 3, 3, 1], [1, 2, 2, 1], 'SAME', 36)],
  ['AvgPool SAME', pool('AvgPool', [1, 3, 3, 1], [1, 2, 2, 1], 'SAME', 36)],
  ['Mean over height and width', reduced('Mean', [1, 2], false, 4)],
  ['Mean, keeping the axes', reduced('Mean', [-3, -2], true, 4)],
  ['Mean over the columns', reduced('Mean', [2], false, 24)],
  ['Mean over the channels', reduced('Mean', [3], false, 30)],
  ['Max over height and width', reduced('Max', [1, 2], false, 4)],
  [
    'Transpose',
    (model) => ({ node: model.node('step', 'Transpose', ['x', model.int32('order', [0, 3, 1, 2])]), size: 120 }),
  ],
  [
    'Reshape across axes',
    (model) => ({ node: model.node('step', 'Reshape', ['x', model.int32('target', [-1, 8, 15])]), size: 120 }),
  ],
  ['StridedSlice of rows and columns', sliced([0, 1, 2, 0], [0, -1, 5, 0], { begin_mask: 9, end_mask: 9 }, 48)],
  [
    'StridedSlice of one channel',
    sliced([0, 0, 0, 2], [0, 0, 0, 3], { begin_mask: 7, end_mask: 7, shrink_axis_mask: 8 }, 30),
  ],
  [
    'Slice',
    (model) => ({
      node: model.node('step', 'Slice', ['x', model.int32('begin', [0, 2, 0, 1]), model.int32('size', [-1, 3, -1, 2])]),
      size: 30,
    }),
  ],
  [
    'PadV2',
    (model) => ({
      node: model.node('step', 'PadV2', [
        'x',
        model.pairs('pad', [0, 0], [1, 2], [0, 1], [1, 0]),
        model.float32('zero', [], 0),
      ]),
      size: 270,
    }),
  ],
  ['Tile', (model) => ({ node: model.node('step', 'Tile', ['x', model.int32('counts', [1, 2, 1, 3])]), size: 720 })],
  [
    'ResizeNearestNeighbor',
    (model) => ({
      node: model.node('step', 'ResizeNearestNeighbor', ['x', model.int32('size', [12, 15])], {
        half_pixel_centers: flag(true),
      }),
      size: 720,
    }),
  ],
  [
    'Split and ConcatV2',
    (model) => {
      model.node('split', 'Split', [model.int32('axis', 3), 'x'], { num_split: int(2) });
      const parts = ['split:1', 'split', model.int32('along', -1)];
      return { node: model.node('step', 'ConcatV2', parts, { N: int(2) }), size: 120 };
    },
  ],
  [
    'SplitV and ConcatV2 along the rows',
    (model) => {
      model.node('split', 'SplitV', ['x', model.int32('sizes', [1, 5]), model.int32('axis', 1)], { num_split: int(2) });
      const parts = ['split:1', 'split:0', model.int32('along', 1)];
      return { node: model.node('step', 'ConcatV2', parts, { N: int(2) }), size: 120 };
    },
  ],
  [
    'AddN and Sub of computed values',
    (model) => {
      const relu = model.node('relu', 'Relu', ['x']);
      const sum = model.node('sum', 'AddN', ['x', relu, relu], { N: int(3) });
      return { node: model.node('step', 'Sub', [sum, model.node('abs', 'Abs', ['x'])]), size: 120 };
    },
  ],
  [
    'AddV2 of values that the draft has in different orders',
    (model) => {
      const flat = model.node('flat', 'Reshape', ['x', model.int32('whole', [-1, 120])]);
      const mixed = model.node('mixed', 'MatMul', [flat, model.random32('matrix', [120, 120])]);
      const image = model.node('image', 'Reshape', [mixed, model.int32('target', [-1, 6, 5, 4])]);
      return { node: model.node('step', 'AddV2', ['x', image]), size: 120 };
    },
  ],
  [
    'ConcatV2 of values that the draft has in different orders',
    (model) => {
      const turned = model.node('turned', 'Transpose', ['x', model.int32('order', [0, 2, 1, 3])]);
      const back = model.node('back', 'Reshape', [turned, model.int32('target', [-1, 6, 5, 4])]);
      return { node: model.node('step', 'ConcatV2', ['x', back, model.int32('axis', 2)], { N: int(2) }), size: 240 };
    },
  ],
  [
    'Conv2DBackpropInput',
    (model) => {
      const sizes = model.int32('sizes', [1, 11, 9, 3]);
      const kernel = model.random32('kernel', [3, 3, 3, 4]);
      const attributes = { ...WINDOWS, strides: ints(1, 2, 2, 1) };
      return { node: model.node('step', 'Conv2DBackpropInput', [sizes, kernel, 'x'], attributes), size: 297 };
    },
  ],
  [
    'a dilated convolution as SpaceToBatchND, Conv2D, BatchToSpaceND',
    (model) => {
      const block = model.int32('block', [2, 2]);
      const split = model.node('split', 'SpaceToBatchND', ['x', block, model.pairs('pad', [2, 2], [2, 3])]);
      const kernel = model.random32('kernel', [3, 3, 4, 2]);
      const inner = model.node('inner', 'Conv2D', [split, kernel], { ...WINDOWS, padding: text('VALID') });
      const joined = model.node('joined', 'BatchToSpaceND', [inner, block, model.pairs('crops', [0, 0], [0, 1])]);
      return { node: model.node('step', 'BiasAdd', [joined, model.random32('bias', [2])]), size: 60 };
    },
  ],
];

test.each(STEPS)('%s agrees with TensorFlow.js', async (_, step) => {
  const model = new GraphModel([6, 5, 4], 7);
  const { node, size } = step(model);
  const logits = model.head(node, size);
  model.output(logits);
  await expectSameAsTensorFlow(model, logits);
});

test('nothing is transposed at run time between a convolution and the matrix behind its flatten', async () => {
  const model = new GraphModel([6, 5, 4]);
  const { node, size } = conv({}, [3, 3, 4, 2], 60)(model);
  const relu = model.node('relu', 'Relu', [node]);
  const flat = model.node('flat', 'Reshape', [relu, model.int32('target', [-1, size])]);
  const scaled = model.node('scaled', 'Mul', [flat, model.random32('scales', [size])]);
  const logits = model.node('logits', 'MatMul', [scaled, model.random32('matrix', [3, size])], {
    transpose_b: flag(true),
  });
  const network = await expectSameAsTensorFlow(model.output(logits), logits);
  expect(typesOf(network)).toEqual(['conv2d', 'activation', 'reshape', 'dense']);
});

test('normalisations that the converter could not fold are folded here', async () => {
  const model = new GraphModel([6, 5, 4]);
  const { node } = conv({}, [3, 3, 4, 2], 60)(model);
  const root = model.node('root', 'Rsqrt', [
    model.node('shifted', 'AddV2', [model.random32('variance', [2], 0.5, 2), model.float32('epsilon', [], 1e-3)]),
  ]);
  const scale = model.node('scale', 'Mul', [root, model.random32('gamma', [2])]);
  const scaled = model.node('scaled', 'Mul', [node, scale]);
  const logits = model.head(model.node('norm', 'Sub', [scaled, model.random32('beta', [2])]), 60);
  const network = await expectSameAsTensorFlow(model.output(logits), logits);
  expect(typesOf(network)).toEqual(['conv2d', 'reshape', 'dense']);
});

test('an offset that the converter moved behind a residual sum is the bias of its convolution', async () => {
  const model = new GraphModel([6, 5, 4]);
  const relu = model.node('relu', 'Relu', ['x']);
  const branch = model.node('branch', 'Conv2D', [relu, model.random32('kernel', [3, 3, 4, 4])], WINDOWS);
  const sum = model.node('sum', 'AddN', [relu, branch], { N: int(2) });
  const end = model.node('end', 'AddV2', [model.random32('offset', [4]), sum]);
  const next = model.node('next', 'Conv2D', [end, model.random32('kernel2', [3, 3, 4, 2])], WINDOWS);
  const network = await expectSameAsTensorFlow(model.output(model.head(next, 60)), 'head/logits');
  expect(typesOf(network)).toEqual(['activation', 'conv2d', 'add', 'conv2d', 'reshape', 'dense']);
});

test('an offset behind a sum stays where something else reads the convolution', async () => {
  const model = new GraphModel([6, 5, 4]);
  const branch = model.node('branch', 'Conv2D', ['x', model.random32('kernel', [3, 3, 4, 4])], WINDOWS);
  const end = model.node('end', 'AddV2', [model.random32('offset', [4]), model.node('sum', 'AddV2', ['x', branch])]);
  const both = model.node('both', 'AddV2', [end, model.node('relu', 'Relu', [branch])]);
  const network = await expectSameAsTensorFlow(model.output(model.head(both, 120)), 'head/logits');
  expect(typesOf(network)).toContain('affine');
});

test('the nearest neighbours of an upsampling may be written as copies along a new axis', async () => {
  const model = new GraphModel([6, 5, 4]);
  const apart = model.node('apart', 'ExpandDims', ['x', model.int32('axis', 2)]);
  const copies = model.node('copies', 'Tile', [apart, model.int32('counts', [1, 1, 2, 1, 1])]);
  const logits = model.head(model.node('image', 'Reshape', [copies, model.int32('target', [-1, 12, 5, 4])]), 240);
  const network = await expectSameAsTensorFlow(model.output(logits), logits);
  expect(typesOf(network)).not.toContain('permute');
});

test('a convolution along a signal is one over an image of one row', async () => {
  const model = new GraphModel([12, 3]);
  const padded = model.node('padded', 'Pad', ['x', model.pairs('pad', [0, 0], [2, 0], [0, 0])]);
  const image = model.node('image', 'ExpandDims', [padded, model.int32('axis', 1)]);
  const attributes = { ...WINDOWS, padding: text('VALID') };
  const inner = model.node('inner', 'Conv2D', [image, model.random32('kernel', [1, 3, 3, 4])], attributes);
  const signal = model.node('signal', 'Squeeze', [inner], { squeeze_dims: ints(-3) });
  const relu = model.node('relu', 'Relu', [model.node('biased', 'BiasAdd', [signal, model.random32('bias', [4])])]);
  const network = await expectSameAsTensorFlow(model.output(model.head(relu, 48)), 'head/logits');
  expect(typesOf(network)).toEqual(['reshape', 'conv2d', 'activation', 'reshape', 'dense']);
  expect(network.layers[1]).toMatchObject({ padding: [0, 2, 0, 0], shape: [4, 1, 12] });
});

test.each([
  ['rows of one', 1, [1, 3, 3, 4], [1, 2]],
  ['columns of one', 2, [3, 1, 3, 4], [2, 1]],
  ['rows of one, from the end', -3, [1, 3, 3, 4], [1, 2]],
])('a dilated convolution along a signal as an image with %s is one convolution', async (_, axis, kernel, dilation) => {
  const model = new GraphModel([12, 3]);
  const block = model.int32('block', [2]);
  const split = model.node('split', 'SpaceToBatchND', ['x', block, model.pairs('pad', [2, 2])]);
  const image = model.node('image', 'ExpandDims', [split, model.int32('axis', axis)]);
  const attributes = { ...WINDOWS, padding: text('VALID') };
  const inner = model.node('inner', 'Conv2D', [image, model.random32('kernel', kernel)], attributes);
  const signal = model.node('signal', 'Squeeze', [inner], { squeeze_dims: ints(axis) });
  const joined = model.node('joined', 'BatchToSpaceND', [signal, block, model.pairs('crops', [0, 0])]);
  const network = await expectSameAsTensorFlow(model.output(model.head(joined, 48)), 'head/logits');
  const convolutions = network.layers.filter(({ type }) => type === 'conv2d');
  expect(convolutions).toMatchObject([{ dilation, padding: [0, 1, 0, 1].map((at) => 2 * ((dilation[at] ?? 0) - 1)) }]);
});

test('a block of one side dilates a convolution over images along their rows', async () => {
  const model = new GraphModel([6, 5, 4]);
  const block = model.int32('block', [2]);
  const split = model.node('split', 'SpaceToBatchND', ['x', block, model.pairs('pad', [2, 2])]);
  const attributes = { ...WINDOWS, padding: text('VALID') };
  const inner = model.node('inner', 'Conv2D', [split, model.random32('kernel', [3, 2, 4, 2])], attributes);
  const joined = model.node('joined', 'BatchToSpaceND', [inner, block, model.pairs('crops', [0, 0])]);
  const network = await expectSameAsTensorFlow(model.output(model.head(joined, 48)), 'head/logits');
  expect(network.layers[0]).toMatchObject({ type: 'conv2d', dilation: [2, 1], padding: [2, 0, 2, 0] });
});
