import { layerNamed, typesOf } from './comparing.ts';
import { expectSameOutput } from './importedOnnx.ts';
import { type AttributeSpec, floats, ints, type NodeSpec, node, type OnnxSpec, random } from './onnxModel.ts';

type Attributes = Readonly<Record<string, AttributeSpec>>;

/** A model of one node that reads `x` and some weights. */
function single(
  type: string,
  input: OnnxSpec['input'],
  weights: NonNullable<OnnxSpec['weights']>,
  attributes: Attributes = {},
  opset = 13,
): OnnxSpec {
  return { opset, input, weights, nodes: [node(type, ['x', ...Object.keys(weights)], 'y', attributes)] };
}

const AUTO_PADS = ['VALID', 'SAME_UPPER', 'SAME_LOWER'];

describe('Conv', () => {
  test.each<Attributes>([
    {},
    { pads: [1, 0, 2, 1], kernel_shape: [3, 2] },
    { strides: [2, 3], pads: [1, 1, 1, 1], dilations: [2, 1] },
    ...AUTO_PADS.flatMap((auto_pad) => [{ auto_pad }, { auto_pad, strides: [2, 2] }, { auto_pad, strides: [3, 2] }]),
  ])('over images with %j', async (attributes) => {
    await expectSameOutput(single('Conv', [1, 4, 8, 9], { w: random([6, 4, 3, 2]), b: random([6]) }, attributes));
  });

  test.each([2, 4])('in %i groups', async (group) => {
    const network = await expectSameOutput(
      single('Conv', ['N', 4, 5, 6], { w: random([8, 4 / group, 3, 3]) }, { group, pads: [1, 1, 1, 1] }),
    );
    expect(layerNamed(network, 'Conv:y', 'conv2d').groups).toBe(group);
  });

  test.each<Attributes>([{}, { strides: [2], pads: [1, 2] }, { dilations: [3] }, { auto_pad: 'SAME_UPPER', group: 2 }])(
    'along signals with %j',
    async (attributes) => {
      const group = Number(attributes['group'] ?? 1);
      await expectSameOutput(single('Conv', [1, 4, 11], { w: random([6, 4 / group, 3]), b: random([6]) }, attributes));
    },
  );

  test('two along a signal need one reshape before and one behind them', async () => {
    const network = await expectSameOutput({
      opset: 13,
      input: ['N', 3, 12],
      weights: { w: random([4, 3, 3]), v: random([2, 4, 3], 2), c: random([4, 1], 3) },
      nodes: [
        node('Conv', ['x', 'w'], 'a'),
        node('Add', ['a', 'c'], 'b'),
        node('Relu', 'b', 'c1'),
        node('MaxPool', 'c1', 'd', { kernel_shape: [2], strides: [2] }),
        node('Conv', ['d', 'v'], 'e'),
        node('Flatten', 'e', 'y'),
      ],
    });
    expect(typesOf(network)).toEqual(['reshape', 'conv2d', 'activation', 'maxPool2d', 'conv2d', 'reshape']);
  });
});

describe('ConvTranspose', () => {
  test.each<Attributes>([
    {},
    { strides: [2, 3], pads: [1, 0, 0, 1], output_padding: [1, 0] },
    { strides: [2, 2], dilations: [2, 1] },
    { strides: [2, 2], output_shape: [9, 10] },
    { strides: [2, 2], output_shape: [8, 9], auto_pad: 'SAME_UPPER' },
    { strides: [2, 2], auto_pad: 'SAME_UPPER' },
    { strides: [1, 2], auto_pad: 'SAME_LOWER' },
    { auto_pad: 'VALID' },
  ])('over images with %j', async (attributes) => {
    await expectSameOutput(
      single('ConvTranspose', [1, 4, 4, 4], { w: random([4, 3, 3, 4]), b: random([3]) }, attributes),
    );
  });

  test('in groups, and along signals', async () => {
    await expectSameOutput(single('ConvTranspose', [1, 4, 4, 4], { w: random([4, 3, 2, 2]) }, { group: 2 }));
    await expectSameOutput(
      single('ConvTranspose', [1, 4, 5], { w: random([4, 3, 3]) }, { strides: [2], output_padding: [1] }),
    );
  });
});

describe('dense layers', () => {
  test.each<[string, Attributes, readonly number[], readonly number[] | null]>([
    ['W [in, out]', {}, [5, 3], [3]],
    ['W [out, in]', { transB: 1 }, [3, 5], [1, 3]],
    ['without bias', { transB: 1 }, [3, 5], null],
    ['with factors', { alpha: { float: 0.5 }, beta: { float: 2 } }, [5, 3], [3]],
    ['with one bias for all', {}, [5, 3], []],
  ])('Gemm %s', async (_, attributes, weight, bias) => {
    const weights = { w: random(weight), ...(bias === null ? {} : { b: random(bias) }) };
    const network = await expectSameOutput(single('Gemm', ['N', 5], weights, attributes));
    expect(typesOf(network)).toEqual(['dense']);
  });

  test('MatMul and Add become one layer', async () => {
    const network = await expectSameOutput({
      opset: 9,
      input: [1, 5],
      weights: { w: random([5, 4]), b: random([4]) },
      nodes: [node('MatMul', ['x', 'w'], 'a'), node('Add', ['b', 'a'], 'y')],
    });
    expect(typesOf(network)).toEqual(['dense']);
  });

  test.each([[[1, 6, 5]], [[1, 2, 6, 5]], [[1, 2, 3, 2, 5]]])('MatMul over the last axis of %j', async (input) => {
    await expectSameOutput(single('MatMul', input, { w: random([5, 4]) }));
  });

  test('MatMul of a weight that is transposed, cast and reshaped in the file', async () => {
    const network = await expectSameOutput({
      opset: 13,
      input: ['N', 6],
      weights: { w: random([2, 2, 6]), s: ints([4, -1]) },
      nodes: [
        node('Reshape', ['w', 's'], 'flat'),
        node('Transpose', 'flat', 'turned', { perm: [1, 0] }),
        node('Cast', 'turned', 'cast', { to: 1 }),
        node('MatMul', ['x', 'cast'], 'y'),
      ],
    });
    expect(typesOf(network)).toEqual(['dense']);
  });
});

describe.each(['MaxPool', 'AveragePool'])('%s', (type) => {
  const counting: readonly Attributes[] = type === 'MaxPool' ? [{}] : [{}, { count_include_pad: 1 }];
  const windows: readonly Attributes[] = [
    { kernel_shape: [2, 3] },
    { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] },
    { kernel_shape: [3, 2], strides: [2, 3], pads: [1, 0, 0, 1] },
    { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 },
    { kernel_shape: [3, 3], strides: [3, 3], pads: [1, 1, 1, 1], ceil_mode: 1 },
    { kernel_shape: [2, 2], strides: [3, 3], pads: [0, 0, 1, 1], ceil_mode: 1 },
    ...AUTO_PADS.map((auto_pad) => ({ kernel_shape: [3, 2], strides: [2, 2], auto_pad })),
  ];
  const cases = windows.flatMap((window) => counting.map((count) => ({ ...window, ...count })));
  test.each(cases)('over images with %j', async (attributes) => {
    await expectSameOutput(single(type, [1, 2, 8, 9], {}, attributes));
  });

  test('along signals', async () => {
    await expectSameOutput(single(type, [1, 2, 9], {}, { kernel_shape: [3], strides: [2], pads: [1, 1] }));
  });
});

test.each(['GlobalAveragePool', 'GlobalMaxPool'])('%s of images and signals', async (type) => {
  await expectSameOutput(single(type, [1, 3, 4, 5], {}));
  await expectSameOutput(single(type, [1, 3, 7], {}));
});

describe.each(['ReduceMean', 'ReduceMax'])('%s', (type) => {
  test.each<Attributes>([
    { axes: [2, 3] },
    { axes: [-1, -2], keepdims: 0 },
    { axes: [1], keepdims: 0 },
    { axes: [3], keepdims: 1 },
    { axes: [1, 2], keepdims: 0 },
    { axes: [1, 2, 3], keepdims: 0 },
  ])('with the attributes %j', async (attributes) => {
    await expectSameOutput(single(type, ['N', 3, 4, 5], {}, attributes, 13));
  });

  test('with axes as an input', async () => {
    await expectSameOutput(single(type, ['N', 3, 4, 5], { axes: ints([2, 3]) }, { keepdims: 0 }, 18));
    await expectSameOutput(single(type, ['N', 3, 4], { axes: ints([-1]) }, {}, 18));
  });
});

describe('BatchNormalization', () => {
  const parameters = (channels: number) => ({
    g: random([channels], 1),
    b: random([channels], 2),
    m: random([channels], 3),
    v: random([channels], 4, 0.5, 2),
  });
  const names = ['g', 'b', 'm', 'v'];

  test.each([7, 9, 14, 15])('behind a convolution folds into it, operator set %i', async (opset) => {
    const network = await expectSameOutput({
      opset,
      input: [1, 2, 5, 5],
      weights: { w: random([4, 2, 3, 3]), ...parameters(4) },
      nodes: [
        node('Conv', ['x', 'w'], 'a', { pads: [1, 1, 1, 1] }),
        node('BatchNormalization', ['a', ...names], 'b1', { epsilon: { float: 1e-3 }, momentum: { float: 0.9 } }),
        node('Relu', 'b1', 'y'),
      ],
    });
    expect(typesOf(network)).toEqual(['conv2d', 'activation', 'reshape']);
  });

  test('of vectors, signals, and before a convolution that pads', async () => {
    for (const input of [
      [1, 4],
      [1, 4, 6],
      [1, 4, 3, 3],
    ]) {
      await expectSameOutput(single('BatchNormalization', input, parameters(4)));
    }
    const network = await expectSameOutput({
      opset: 13,
      input: [1, 2, 5, 5],
      weights: { w: random([4, 2, 3, 3]), ...parameters(2) },
      nodes: [node('BatchNormalization', ['x', ...names], 'a'), node('Conv', ['a', 'w'], 'y', { pads: [1, 1, 1, 1] })],
    });
    expect(typesOf(network)).toEqual(['affine', 'conv2d', 'reshape']);
  });
});

test.each<Attributes>([{ size: 3 }, { size: 5, alpha: { float: 0.5 }, beta: { float: 0.6 }, bias: { float: 2 } }])(
  'LRN with %j',
  async (attributes) => {
    await expectSameOutput(single('LRN', [1, 7, 3, 4], {}, attributes), [-3, 3]);
  },
);

describe('activations', () => {
  test.each<[string, Attributes]>([
    ['Relu', {}],
    ['Sigmoid', {}],
    ['Tanh', {}],
    ['Softplus', {}],
    ['Softsign', {}],
    ['Exp', {}],
    ['Abs', {}],
    ['LeakyRelu', {}],
    ['LeakyRelu', { alpha: { float: 0.3 } }],
    ['Elu', {}],
    ['Elu', { alpha: { float: 0.7 } }],
    ['Selu', {}],
    ['HardSigmoid', {}],
    ['HardSigmoid', { alpha: { float: 0.4 }, beta: { float: 0.3 } }],
  ])('%s with %j', async (type, attributes) => {
    await expectSameOutput(single(type, [1, 3, 4, 5], {}, attributes), [-4, 4]);
  });

  test.each([['Sqrt'], ['Reciprocal'], ['Log']])('%s of positive values', async (type) => {
    await expectSameOutput(single(type, [1, 6], {}), [0.5, 2]);
  });

  test('Pow with a constant exponent', async () => {
    await expectSameOutput(single('Pow', [1, 6], { e: floats([], [1.5]) }), [0.5, 2]);
  });

  test.each<[string, readonly number[], readonly number[]]>([
    ['one slope', [1, 3, 4, 5], [1]],
    ['one per channel', [1, 3, 4, 5], [3, 1, 1]],
    ['one per feature', [1, 6], [6]],
    ['one per column', [1, 3, 4, 5], [5]],
    ['of a signal', [1, 3, 6], [3, 1]],
  ])('PRelu, %s', async (_, input, slope) => {
    await expectSameOutput(single('PRelu', input, { s: random(slope) }), [-2, 2]);
  });

  test('Clip as ReLU6, by attributes and by inputs', async () => {
    const bounds = { min: { float: 0 }, max: { float: 6 } };
    const spec = (opset: number) => single('Clip', [1, 3, 4, 5], {}, opset < 11 ? bounds : {}, opset);
    const six = { low: floats([], [0]), high: floats([], [6]) };
    for (const network of [
      await expectSameOutput(spec(7), [-10, 10]),
      await expectSameOutput(single('Clip', [1, 3, 4, 5], six), [-10, 10]),
    ]) {
      expect(layerNamed(network, 'Clip:y', 'activation').function).toEqual({ name: 'clip', low: 0, high: 6 });
    }
  });

  test('Clip with one bound, Min and Max with a number', async () => {
    const zero = { low: floats([], [0]) };
    const relu = await expectSameOutput(single('Clip', [1, 9], zero), [-2, 2]);
    expect(layerNamed(relu, 'Clip:y', 'activation').function).toEqual({ name: 'relu' });
    const upper: NodeSpec = { ...node('Clip', ['x', '', 'high'], 'y') };
    await expectSameOutput({ opset: 13, input: [1, 9], weights: { high: floats([], [1]) }, nodes: [upper] }, [-2, 2]);
    await expectSameOutput(single('Min', [1, 9], { c: floats([], [0.5]) }), [-2, 2]);
    await expectSameOutput(single('Max', [1, 9], { c: floats([1], [-0.5]) }), [-2, 2]);
  });
});
