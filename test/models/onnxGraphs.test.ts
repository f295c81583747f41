import { layerNamed, typesOf } from './comparing.ts';
import { expectSameOutput, imported } from './importedOnnx.ts';
import { type AttributeSpec, floats, ints, type NodeSpec, node, type OnnxSpec, random } from './onnxModel.ts';

type Attributes = Readonly<Record<string, AttributeSpec>>;
type Weights = NonNullable<OnnxSpec['weights']>;

function graph(input: OnnxSpec['input'], weights: Weights, nodes: readonly NodeSpec[], opset = 13): OnnxSpec {
  return { opset, input, weights, nodes };
}

describe('constants in arithmetic', () => {
  const operations = ['Add', 'Sub', 'Mul', 'Div'];
  const shapes = [[], [1], [3, 1, 1], [1, 3, 1, 1], [5], [4, 1], [1, 1, 4, 5], [3, 4, 5], [1, 3, 4, 5]];

  test.each(operations.flatMap((type) => shapes.map((shape) => ({ type, shape }))))(
    '$type with a constant of shape $shape',
    async ({ type, shape }) => {
      await expectSameOutput(graph([1, 3, 4, 5], { c: random(shape, 1, 0.5, 2) }, [node(type, ['x', 'c'], 'y')]));
    },
  );

  test.each(['Add', 'Sub', 'Mul'])('%s with the constant first', async (type) => {
    await expectSameOutput(graph([1, 3, 4, 5], { c: random([3, 1, 1]) }, [node(type, ['c', 'x'], 'y')]));
  });

  test('a normalisation of the input folds into the convolution behind it', async () => {
    const network = await expectSameOutput(
      graph(['N', 3, 6, 6], { m: random([3, 1, 1]), s: random([1, 3, 1, 1], 2, 0.5, 2), w: random([4, 3, 3, 3]) }, [
        node('Sub', ['x', 'm'], 'a'),
        node('Div', ['a', 's'], 'b'),
        node('Conv', ['b', 'w'], 'y'),
      ]),
    );
    expect(typesOf(network)).toEqual(['conv2d', 'reshape']);
  });

  test('a mean image is subtracted pixel by pixel', async () => {
    const network = await expectSameOutput(
      graph([1, 2, 3, 3], { m: random([2, 3, 3]), w: random([4, 2, 2, 2]) }, [
        node('Sub', ['x', 'm'], 'a'),
        node('Conv', ['a', 'w'], 'y'),
      ]),
    );
    expect(typesOf(network)).toEqual(['reshape', 'affine', 'reshape', 'conv2d', 'reshape']);
  });

  test('Neg, Sum and Mean', async () => {
    await expectSameOutput(
      graph([1, 3, 4], { c: random([3, 1]) }, [
        node('Neg', 'x', 'a'),
        node('Sum', ['x', 'a', 'c', 'x'], 'b'),
        node('Mean', ['x', 'b'], 'y'),
      ]),
    );
  });

  test('one value without axes', async () => {
    await expectSameOutput(
      graph(['N', 3], { w: random([3, 1]), c: floats([], [0.5]), axes: ints([1]) }, [
        node('MatMul', ['x', 'w'], 'a'),
        node('Squeeze', ['a', 'axes'], 'b'),
        node('Mul', ['b', 'c'], 'y'),
      ]),
    );
  });
});

test('residual Add and Sub of two computed values', async () => {
  const network = await expectSameOutput(
    graph([1, 4, 5, 5], { w: random([4, 4, 3, 3]), v: random([4, 4, 1, 1], 2) }, [
      node('Conv', ['x', 'w'], 'a', { pads: [1, 1, 1, 1] }),
      node('Relu', 'a', 'b'),
      node('Add', ['b', 'x'], 'c'),
      node('Conv', ['c', 'v'], 'd'),
      node('Sub', ['c', 'd'], 'y'),
    ]),
  );
  expect(layerNamed(network, 'Add:c', 'add').coefficients).toBeNull();
  expect(layerNamed(network, 'Sub:y', 'add').coefficients).toEqual([1, -1]);
});

describe('Concat and Split', () => {
  test.each([1, 2, 3, -1])('join and part along axis %i', async (axis) => {
    await expectSameOutput(
      graph([1, 4, 6, 8], {}, [
        { ...node('Split', 'x', 'a', { axis }), outputs: ['a', 'b'] },
        node('Tanh', 'a', 'c'),
        node('Concat', ['b', 'c', 'b'], 'y', { axis }),
      ]),
    );
  });

  test('in parts of given sizes, as an attribute, an input, or a number of outputs', async () => {
    const outputs = ['a', 'b', 'c'];
    const rest = [node('Concat', ['c', 'a', 'b'], 'y', { axis: 1 })];
    const parted = (opset: number, weights: Weights, attributes: Attributes) =>
      graph(
        [1, 7, 3],
        weights,
        [
          { type: 'Split', inputs: ['x', ...Object.keys(weights)], outputs, attributes: { axis: 1, ...attributes } },
          ...rest,
        ],
        opset,
      );
    await expectSameOutput(parted(11, {}, { split: [2, 4, 1] }));
    await expectSameOutput(parted(13, { s: ints([2, 4, 1]) }, {}));
    await expectSameOutput(parted(18, {}, { num_outputs: 3 }));
  });

  test('of signals', async () => {
    await expectSameOutput(
      graph([1, 2, 9], { w: random([3, 2, 3]), v: random([2, 5, 1]) }, [
        node('Conv', ['x', 'w'], 'a', { pads: [1, 1] }),
        node('Concat', ['a', 'x'], 'b', { axis: 1 }),
        node('Conv', ['b', 'v'], 'c'),
        node('Concat', ['c', 'c'], 'y', { axis: 2 }),
      ]),
    );
  });
});

describe('Slice', () => {
  const cases = [
    { starts: [1], ends: [3], axes: [1] },
    { starts: [1, -4], ends: [2 ** 31, -1], axes: [2, 3] },
    { starts: [0, 1, 0, 2], ends: [1, 4, 5, 6], axes: [0, 1, 2, 3] },
  ];
  test.each(cases)('by attributes and by inputs, %j', async ({ starts, ends, axes }) => {
    await expectSameOutput(graph([1, 4, 5, 6], {}, [node('Slice', 'x', 'y', { starts, ends, axes })], 9));
    const lists = { s: ints(starts), e: ints(ends), a: ints(axes), t: ints(axes.map(() => 1)) };
    await expectSameOutput(graph([1, 4, 5, 6], lists, [node('Slice', ['x', 's', 'e', 'a', 't'], 'y')]));
  });
});

test.each<[string, ReturnType<typeof ints>, number]>([
  ['one index', ints([2], []), 1],
  ['one index from the end', ints([-1], []), 2],
  ['a range', ints([1, 2]), 3],
  ['channels turned around', ints([2, 1, 0]), 1],
])('Gather of %s', async (_, indices, axis) => {
  await expectSameOutput(graph([1, 3, 4, 5], { i: indices }, [node('Gather', ['x', 'i'], 'y', { axis })]));
});

describe('Reshape, Flatten, Squeeze and Unsqueeze', () => {
  test.each([[[1, -1]], [[0, -1]], [[-1, 60]], [[1, 60]], [[0, 5, 0, 3]], [[1, 2, 2, 3, 5]]])(
    'of the fixed batch of 1 to %j',
    async (target) => {
      await expectSameOutput(graph([1, 3, 4, 5], { t: ints(target) }, [node('Reshape', ['x', 't'], 'y')]));
    },
  );

  test.each([1, 0, -3])('Flatten from axis %i', async (axis) => {
    await expectSameOutput(graph([1, 3, 4, 5], {}, [node('Flatten', 'x', 'y', { axis })]));
  });

  test('axes as attributes and as inputs', async () => {
    const nodes = (axes: (names: string) => { inputs: string[]; attributes: Attributes }) => [
      { ...node('Unsqueeze', 'x', 'a'), inputs: ['x', ...axes('u').inputs], attributes: axes('u').attributes },
      { ...node('Squeeze', 'a', 'y'), inputs: ['a', ...axes('s').inputs], attributes: axes('s').attributes },
    ];
    const lists: Record<string, readonly number[]> = { u: [1, -1], s: [3] };
    const byAttribute = nodes((name) => ({ inputs: [], attributes: { axes: lists[name] ?? [] } }));
    await expectSameOutput(graph([1, 3, 1], {}, byAttribute, 11));
    const byInput = nodes((name) => ({ inputs: [name], attributes: {} }));
    await expectSameOutput(graph([1, 3, 1], { u: ints([1, -1]), s: ints([3]) }, byInput, 13));
  });

  test('Squeeze without axes keeps a batch that is free', async () => {
    await expectSameOutput(graph(['N', 3, 1, 1], {}, [node('Squeeze', 'x', 'y')], 13));
  });
});

/** How exporters write computed shapes. */
describe('arithmetic of shapes', () => {
  test.each(['N', 1])('x.view(x.size(0), -1), the batch declared as %s', async (batch) => {
    const weights = { zero: ints([0], []), rest: ints([-1]), w: random([24, 3]) };
    const nodes = [
      node('Shape', 'x', 'shape'),
      node('Gather', ['shape', 'zero'], 'size', { axis: 0 }),
      node('Unsqueeze', 'size', 'batch', { axes: [0] }),
      node('Concat', ['batch', 'rest'], 'target', { axis: 0 }),
      node('Reshape', ['x', 'target'], 'flat'),
      node('MatMul', ['flat', 'w'], 'y'),
    ];
    const network = await expectSameOutput(graph([batch, 2, 3, 4], weights, nodes, 11));
    expect(typesOf(network)).toEqual(['reshape', 'dense']);
  });

  test('padding computed from the size, as EfficientNet has it', async () => {
    const weights = {
      c1: ints([0, 1, 0, 1]),
      rank: ints([4]),
      two: ints([-1, 2]),
      all: ints([-1]),
      w: random([3, 2, 3, 3]),
    };
    const bounds = { start: ints([-1]), end: ints([-(2 ** 53)]), axes: ints([0]), step: ints([-1]) };
    const zeros = { tensor: ints([0]) };
    const network = await expectSameOutput(
      graph([1, 2, 6, 6], { ...weights, ...bounds }, [
        node('ConstantOfShape', 'rank', 'none', { value: zeros }),
        node('Concat', ['c1', 'none'], 'list', { axis: 0 }),
        node('Reshape', ['list', 'two'], 'pairs'),
        node('Slice', ['pairs', 'start', 'end', 'axes', 'step'], 'reversed'),
        node('Transpose', 'reversed', 'turned', { perm: [1, 0] }),
        node('Reshape', ['turned', 'all'], 'flat'),
        node('Cast', 'flat', 'pads', { to: 7 }),
        node('Pad', ['x', 'pads'], 'padded'),
        node('Conv', ['padded', 'w'], 'y'),
      ]),
    );
    expect(layerNamed(network, 'Conv:y', 'conv2d').padding).toEqual([0, 0, 1, 1]);
  });

  test('quotients, comparisons, ranges and extremes', async () => {
    const weights = { two: ints([2]), one: ints([1]), zero: ints([0], []), three: ints([3], []), step: ints([1], []) };
    await expectSameOutput(
      graph(
        ['N', 6, 4],
        { ...weights, rest: ints([-1]) },
        [
          node('Shape', 'x', 'channels', { start: 1, end: 2 }),
          node('Div', ['channels', 'two'], 'half'),
          node('Equal', ['half', 'two'], 'isTwo'),
          node('Where', ['isTwo', 'one', 'half'], 'chosen'),
          node('Range', ['zero', 'three', 'step'], 'range'),
          node('ReduceMax', 'range', 'two2', { keepdims: 1 }),
          node('Mul', ['two2', 'two'], 'four'),
          node('Size', 'range', 'sizeOfRange'),
          node('Reshape', ['sizeOfRange', 'one'], 'three2'),
          node('Max', ['chosen', 'three2'], 'rows'),
          node('Concat', ['one', 'rows', 'four', 'rest'], 'target', { axis: 0 }),
          node('Reshape', ['x', 'target'], 'y'),
        ],
        15,
      ),
    );
  });

  test('constants by number and by list', async () => {
    const constants: readonly NodeSpec[] = [
      node('Constant', [], 'low', { value_float: { float: 0.25 } }),
      node('Constant', [], 'target', { value_ints: [1, -1] }),
      node('Constant', [], 'axis', { value: { tensor: ints([1], []) } }),
    ];
    await expectSameOutput(
      graph([1, 2, 3], {}, [...constants, node('Reshape', ['x', 'target'], 'a'), node('Mul', ['a', 'low'], 'y')]),
    );
  });
});

describe('Transpose and channels last', () => {
  test('permutations that undo each other leave nothing', async () => {
    const network = await expectSameOutput(
      graph([1, 3, 4, 5], {}, [
        node('Transpose', 'x', 'a', { perm: [0, 2, 3, 1] }),
        node('Transpose', 'a', 'b', { perm: [0, 2, 1, 3] }),
        node('Transpose', 'b', 'c', { perm: [0, 3, 2, 1] }),
        node('Relu', 'c', 'y'),
      ]),
    );
    expect(typesOf(network)).toEqual(['activation', 'reshape']);
  });

  test.each([[[0, 3, 1, 2]], [[0, 2, 1, 3]]])('in the order %j', async (perm) => {
    await expectSameOutput(graph([1, 3, 4, 5], {}, [node('Transpose', 'x', 'y', { perm })]));
  });

  test('biases and normalisations behind the last axis', async () => {
    const network = await expectSameOutput(
      graph([1, 3, 6, 6], { w: random([4, 3, 3, 3]), c: random([4]), s: random([4], 2) }, [
        node('Conv', ['x', 'w'], 'a'),
        node('Transpose', 'a', 'b', { perm: [0, 2, 3, 1] }),
        node('Add', ['b', 'c'], 'd'),
        node('Mul', ['d', 's'], 'e'),
        node('Relu', 'e', 'f'),
        node('ReduceMean', 'f', 'y', { axes: [1, 2], keepdims: 0 }),
      ]),
    );
    expect(typesOf(network)).toEqual(['conv2d', 'permute', 'activation', 'permute', 'avgPool2d', 'reshape']);
  });
});

describe('Pad', () => {
  test.each([9, 11, 13, 18])('folds into the convolution behind it, operator set %i', async (opset) => {
    const pads = [0, 0, 1, 2, 0, 0, 0, 1];
    const byAttribute = node('Pad', 'x', 'a', { pads });
    const byInput = node('Pad', ['x', 'p'], 'a', { mode: 'constant' });
    const network = await expectSameOutput(
      graph(
        [1, 2, 5, 5],
        { p: ints(pads), w: random([3, 2, 3, 3]) },
        [opset < 11 ? byAttribute : byInput, node('Conv', ['a', 'w'], 'y', { pads: [1, 1, 1, 1] })],
        opset,
      ),
    );
    expect(layerNamed(network, 'Conv:y', 'conv2d').padding).toEqual([2, 3, 1, 2]);
  });

  test('with axes, before a pooling layer, and of signals', async () => {
    const weights = { p: ints([1, 2]), value: floats([], [0]), axes: ints([-1]) };
    const pad = node('Pad', ['x', 'p', 'value', 'axes'], 'a');
    const pool = node('MaxPool', 'a', 'y', { kernel_shape: [2, 2] });
    const network = await expectSameOutput(graph([1, 2, 5, 5], weights, [pad, pool], 18));
    expect(typesOf(network)).toContain('pad');
    const conv = node('Conv', ['b', 'w'], 'y');
    const signal = [node('Conv', ['x', 'v'], 'c'), node('Pad', ['c', 'p', 'value', 'axes'], 'b'), conv];
    const kernels = { v: random([2, 2, 1]), w: random([3, 2, 3]) };
    expect(typesOf(await expectSameOutput(graph([1, 2, 8], { ...weights, ...kernels }, signal, 18)))).not.toContain(
      'pad',
    );
  });
});

test('what changes nothing leaves no layer', async () => {
  const network = await expectSameOutput(
    graph(
      ['N', 4],
      { w: random([4, 3]), ratio: floats([], [0.5]), one: ints([1, 1]) },
      [
        node('Identity', 'x', 'a'),
        node('Dropout', ['a', 'ratio'], 'b'),
        node('Cast', 'b', 'c', { to: 1 }),
        node('CastLike', ['c', 'w'], 'd'),
        node('Expand', ['d', 'one'], 'e'),
        node('MatMul', ['e', 'w'], 'y'),
      ],
      15,
    ),
  );
  expect(typesOf(network)).toEqual(['dense']);
});

test('nodes need not stand in their order, and other outputs may need anything', async () => {
  const nodes = [
    node('Relu', 'a', 'y'),
    node('Conv', ['x', 'w'], 'a'),
    { ...node('Unheard', 'a', 'z'), domain: 'of.others' },
  ];
  const spec = graph([1, 2, 4, 4], { w: random([3, 2, 3, 3]) }, nodes);
  const network = await imported({ ...spec, outputs: ['y', 'z'] }, { kind: 'regression', layer: 'y' });
  expect(typesOf(network)).toEqual(['conv2d', 'activation', 'reshape']);
});
