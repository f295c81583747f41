import { typesOf } from './comparing.ts';
import { imported, importedFile } from './importedOnnx.ts';
import {
  type AttributeSpec,
  encoded,
  floats,
  ints,
  modelOf,
  type NodeSpec,
  node,
  type OnnxSpec,
  random,
} from './onnxModel.ts';

type Weights = NonNullable<OnnxSpec['weights']>;
type Attributes = Readonly<Record<string, AttributeSpec>>;

/** A model of one node that reads `x` and some weights. */
function single(type: string, weights: Weights = {}, attributes: Attributes = {}, opset = 13): OnnxSpec {
  return {
    opset,
    input: [1, 3, 4, 5],
    weights,
    nodes: [node(type, ['x', ...Object.keys(weights)], 'y', attributes)],
  };
}

const vector = (type: string, weights: Weights = {}, attributes: Attributes = {}): OnnxSpec => ({
  ...single(type, weights, attributes),
  input: [1, 6],
});

describe('an operator is refused', () => {
  test.each<[string, OnnxSpec, string]>([
    ['by its name', single('Frobnicate'), 'Frobnicate:y (Frobnicate): operators of this type are not supported'],
    ['of the prototype', single('constructor'), '(constructor): operators of this type are not supported'],
    ['HardSwish', single('HardSwish'), 'is the product of two computed values'],
    ['LayerNormalization', single('LayerNormalization'), 'normalises by statistics of the input itself'],
    ['If', single('If'), 'branches (subgraphs) are not supported'],
    ['quantised', single('DequantizeLinear'), 'the model is quantised'],
    ['an attribute', single('Relu', {}, { slope: 3 }), 'Relu:y (Relu): the attribute slope is not supported'],
    ['of another type', single('LeakyRelu', {}, { alpha: 3 }), 'its attribute alpha must be a number'],
    ['dilated pooling', single('MaxPool', {}, { kernel_shape: [2, 2], dilations: [2, 2] }), 'dilated pooling'],
    ['without kernel', single('MaxPool'), 'its kernel_shape [] must be 2 integers from 1 to 65536'],
    ['too wide', single('MaxPool', {}, { kernel_shape: [2, 2 ** 40] }), 'must be 2 integers from 1 to 65536'],
    ['padding of windows', single('MaxPool', {}, { kernel_shape: [2, 2], pads: [2, 2, 2, 2] }), 'can lie outside'],
    ['an unknown auto_pad', single('MaxPool', {}, { kernel_shape: [2, 2], auto_pad: 'SAME' }), 'auto_pad SAME'],
    ['an LRN without a middle', single('LRN', {}, { size: 4 }), 'its size 4 must be odd'],
    ['a 3-D kernel', single('Conv', { w: random([2, 3, 1, 1, 1]) }), 'its weight [2, 3, 1, 1, 1] does not fit'],
    ['other channels', single('Conv', { w: random([2, 4, 1, 1]) }), 'does not fit the input [3, 4, 5]'],
    ['another bias', single('Conv', { w: random([2, 3, 1, 1]), b: random([3]) }), 'its bias has the shape [3]'],
    ['a weight of integers', single('Conv', { w: ints([1, 1, 1], [1, 3, 1, 1]) }), 'its weight holds no floats'],
    ['a weight with NaN', single('Conv', { w: floats([1, 3, 1, 1], [1, Number.NaN, 2]) }), 'are not finite'],
    ['transA', vector('Gemm', { w: random([6, 2]) }, { transA: 1 }), 'transA is not supported'],
    ['a wrong matrix', vector('MatMul', { w: random([5, 2]) }), 'its weight [5, 2] does not fit [N, 6]'],
    [
      'a division by a value',
      { ...single('Div'), nodes: [node('Div', ['c', 'x'], 'y')], weights: { c: random([]) } },
      'divides a constant by a computed value',
    ],
    ['a product', { ...single('Mul'), nodes: [node('Mul', ['x', 'x'], 'y')] }, 'multiplies two computed values'],
    ['a quotient', { ...single('Div'), nodes: [node('Div', ['x', 'x'], 'y')] }, 'divides two computed values'],
    ['a constant that repeats', single('Add', { c: random([2, 3, 4, 5]) }), 'does not broadcast to [N, 3, 4, 5]'],
    [
      'reflected padding',
      single('Pad', { p: ints([0, 0, 1, 1, 0, 0, 1, 1]) }, { mode: 'reflect' }),
      'pads with the mode reflect',
    ],
    [
      'padding with ones',
      single('Pad', { p: ints([0, 0, 1, 1, 0, 0, 1, 1]), v: floats([], [1]) }),
      'pads with 1; only zeros',
    ],
    ['padding the batch', single('Pad', { p: ints([1, 0, 1, 1, 0, 0, 1, 1]) }), 'pads the batch'],
    ['cutting padding', single('Pad', { p: ints([0, 0, -1, 1, 0, 0, 1, 1]) }), 'cut cells off'],
    ['a moved batch', single('Transpose', {}, { perm: [1, 0, 2, 3] }), 'the order [1, 0, 2, 3] moves the batch'],
    ['a lost batch', single('Reshape', { t: ints([60]) }), 'makes [60] of [N, 3, 4, 5]; the first axis must stay'],
    ['a squeezed batch', single('Squeeze'), 'drops all axes of one place, and with them the fixed batch'],
    ['slices of the batch', single('Slice', { s: ints([0]), e: ints([0]), a: ints([0]) }), 'slices the batch'],
    ['wide steps', single('Slice', { s: ints([0]), e: ints([5]), a: ints([3]), t: ints([2]) }), 'steps other than 1'],
    ['an inner softmax', single('Softmax', {}, { axis: 1 }), 'a softmax over axis 1 of [N, 3, 4, 5]'],
    [
      'training',
      single('Dropout', { r: floats([], [0.5]), t: { dims: [], dataType: 9, rawData: new Uint8Array([1]) } }),
      'is exported for training',
    ],
    ['a cast to integers', single('Cast', {}, { to: 7 }), 'casts a computed value to the type int64'],
    ['all axes', single('ReduceMean'), 'reduces all axes, the batch too'],
    [
      'a missing value',
      { ...single('Add'), nodes: [node('Add', ['x', 'nothing'], 'y')] },
      'reads nothing, which nothing computes',
    ],
    [
      'functions',
      { ...single('Relu'), nodes: [{ ...node('Relu', 'x', 'y'), domain: 'of.others' }] },
      'operators of the domain of.others are not supported',
    ],
  ])('%s', async (_, spec, message) => {
    await expect(imported(spec)).rejects.toThrow(message);
  });

  test('with all others at once, and without those that only fail because of them', async () => {
    const nodes = [
      node('Frobnicate', 'x', 'a'),
      node('Relu', 'a', 'b'),
      node('Mul', ['x', 'x'], 'c'),
      node('Add', ['b', 'c'], 'y'),
    ];
    const error: unknown = await imported({ ...single('Relu'), nodes }).catch((reason) => reason);
    expect(String(error)).toMatch(/^ElucidError: 2 layers cannot be imported: Frobnicate:a .*; Mul:c \(Mul\): /);
  });

  test('with what stands behind it, where its shape is known', async () => {
    const nodes = [
      node('HardSwish', 'x', 'a'),
      node('Conv', ['a', 'w'], 'b'),
      node('Sigmoid', 'b', 'c'),
      node('Mul', ['b', 'c'], 'd'),
      node('GlobalAveragePool', 'd', 'e'),
      node('Mul', ['e', 'd'], 'f'),
      node('Frobnicate', 'f', 'g'),
      node('Conv', ['g', 'w'], 'h'),
      node('LSTM', 'h', 'y'),
    ];
    const spec = { ...single('Relu', { w: random([3, 3, 1, 1]) }), nodes };
    const error = String(await imported(spec).catch((reason) => reason));
    const names = [...error.matchAll(/(?:: |; )(\w+:\w) \(/g)].map(([, name]) => name);
    expect(names).toEqual(['HardSwish:a', 'Mul:d', 'Mul:f', 'Frobnicate:g', 'LSTM:y']);
  });

  test('when an output of it is read that is not supported', async () => {
    const pool: NodeSpec = { ...node('MaxPool', 'x', 'a', { kernel_shape: [2, 2] }), outputs: ['a', 'places'] };
    const spec = (read: string) => ({ ...single('Relu'), nodes: [pool, node('Relu', read, 'y')] });
    await expect(imported(spec('places'))).rejects.toThrow('its output 2 (places) is not supported');
    expect(typesOf(await imported(spec('a')))).toEqual(['maxPool2d', 'activation', 'reshape']);
  });
});

describe('a graph is refused', () => {
  test('with a circle, or two nodes for one value', async () => {
    const circle = [node('Add', ['x', 'b'], 'a'), node('Relu', 'a', 'b'), node('Relu', 'b', 'y')];
    await expect(imported({ ...single('Relu'), nodes: circle })).rejects.toThrow('nodes read each other in a circle');
    const twice = [node('Relu', 'x', 'y'), node('Tanh', 'x', 'y')];
    await expect(imported({ ...single('Relu'), nodes: twice })).rejects.toThrow('two nodes compute the value y');
  });

  test.each([0, 6, 22])('of operator set %i', async (opset) => {
    await expect(imported({ ...single('Relu'), opset })).rejects.toThrow(
      `written in ONNX' operator set ${opset}; 7 to 21 are read`,
    );
  });

  test('with several inputs; an input that has a value is none', async () => {
    const model = modelOf(single('Add', { c: random([1]) }));
    const declared = { name: 'c', type: model.graph?.input?.[0]?.type ?? null };
    const two = (input: object) => ({
      ...model,
      graph: { ...model.graph, input: [...(model.graph?.input ?? []), input] },
    });
    await expect(importedFile(encoded(two({ ...declared, name: 'z' })), [3, 4, 5])).rejects.toThrow(
      'the graph has 2 inputs (x, z); only one is supported',
    );
    expect(typesOf(await importedFile(encoded(two(declared)), [3, 4, 5]))).toEqual(['affine', 'reshape']);
  });

  test('with several outputs unless the manifest names one, by its node or its value', async () => {
    const nodes = [node('Relu', 'x', 'a'), node('Tanh', 'a', 'b'), node('Abs', 'a', 'c')];
    const spec = { ...single('Relu'), nodes, outputs: ['b', 'c'] };
    await expect(imported(spec)).rejects.toThrow('the graph has 2 outputs (b, c); output.layer of the manifest');
    for (const layer of ['c', 'Abs:c']) {
      const network = await imported(spec, { kind: 'regression', layer });
      expect(network.layers.map(({ name }) => name)).toEqual(['Relu:a', 'Abs:c', 'Abs:c/flatten']);
    }
    await expect(imported(spec, { kind: 'regression', layer: 'z' })).rejects.toThrow(
      'output.layer z is no node and no value of the graph; its outputs are b, c, its last nodes Relu:a, Tanh:b, Abs:c',
    );
  });

  test('when its output does not depend on its input', async () => {
    const spec = { ...single('Relu'), nodes: [node('Identity', 'c', 'y')], weights: { c: random([1, 3]) } };
    await expect(imported(spec)).rejects.toThrow('the output y of the graph does not depend on its input');
    await expect(imported({ ...spec, nodes: [node('Identity', 'x', 'y')] })).rejects.toThrow('is the input itself');
  });

  test('when it calls a function of its own', async () => {
    const model = modelOf(single('Twice'));
    const functions = [{ name: 'Twice', domain: '', input: ['a'], output: ['b'] }];
    await expect(importedFile(encoded({ ...model, functions }), [3, 4, 5])).rejects.toThrow(
      'Twice:y (Twice): is a function of the file; export with functions inlined',
    );
  });
});

describe('the input', () => {
  test.each<[OnnxSpec['input'], readonly number[]]>([
    [
      ['N', 3, 'H', 'W'],
      [3, 4, 5],
    ],
    [
      [1, 4, 5, 3],
      [3, 4, 5],
    ],
    [
      [1, 20],
      [1, 4, 5],
    ],
    [
      [1, 4, 5],
      [1, 4, 5],
    ],
    [['N', 1, 20], [20]],
    [
      ['N', 7, 3],
      [3, 7],
    ],
  ])('declared as %j fits the manifest %j', async (input, shape) => {
    const network = await imported({ ...single('Relu'), input }, undefined, shape);
    expect(network.inputShape).toEqual(shape);
  });

  test('with the channels last gives what the file gives of the turned picture', async () => {
    const nodes = [node('Transpose', 'x', 'a', { perm: [0, 3, 1, 2] }), node('Conv', ['a', 'w'], 'y')];
    const spec = { opset: 13, input: [1, 4, 5, 3], weights: { w: random([2, 3, 2, 2]) }, nodes };
    const network = await imported(spec, undefined, [3, 4, 5]);
    expect(typesOf(network)).toEqual(['conv2d', 'reshape']);
    const turned = await imported({ ...spec, input: [1, 3, 4, 5], nodes: [node('Conv', ['x', 'w'], 'y')] });
    expect(network).toEqual(turned);
  });

  test.each<[OnnxSpec['input'], readonly number[]]>([
    [
      [1, 3, 4, 6],
      [3, 4, 5],
    ],
    [
      [1, 60],
      [3, 4, 5],
    ],
    [
      [3, 4, 5],
      [3, 4, 5],
    ],
  ])('declared as %j does not fit the manifest %j', async (input, shape) => {
    await expect(imported({ ...single('Relu'), input }, undefined, shape)).rejects.toThrow(
      `the manifest states the input shape [${shape.join(', ')}], the input x of the file takes [${input.join(', ')}]`,
    );
  });

  test('of integers is refused', async () => {
    const model = modelOf(single('Relu'));
    const input = [{ name: 'x', type: { tensorType: { elemType: 2 } } }];
    await expect(importedFile(encoded({ ...model, graph: { ...model.graph, input } }), [3])).rejects.toThrow(
      'the input x takes uint8; it must be a tensor of floats',
    );
  });
});

describe('probabilities at the end', () => {
  const weights = { w: random([6, 4]), b: random([4]) };
  const ending = (type: string, attributes: Attributes = {}, opset = 13): OnnxSpec => ({
    opset,
    input: ['N', 6],
    weights,
    nodes: [node('Gemm', ['x', 'w', 'b'], 's'), node(type, 's', 'y', attributes)],
  });

  test.each<[OnnxSpec, string]>([
    [ending('Softmax'), 'softmax'],
    [ending('Softmax', {}, 9), 'softmax'],
    [ending('Softmax', { axis: 1 }), 'softmax'],
    [ending('LogSoftmax', { axis: -1 }), 'log-softmax'],
    [ending('Sigmoid'), 'sigmoid'],
  ])('are stripped', async (spec, outputFunction) => {
    for (const layer of [null, 's', 'y']) {
      const network = await imported(spec, { kind: 'classification', layer });
      expect(network.outputFunction).toBe(outputFunction);
      expect(network.layers.map(({ name }) => name)).toEqual(['Gemm:s']);
    }
  });

  test('of scores [N, K, 1, 1] before operator set 13 count all axes', async () => {
    const nodes = [node('GlobalAveragePool', 'x', 's'), node('Softmax', 's', 'y')];
    const network = await imported({ opset: 9, input: [1, 3, 4, 5], nodes }, { kind: 'classification', layer: null });
    expect(network).toMatchObject({ outputFunction: 'softmax' });
    expect(typesOf(network)).toEqual(['avgPool2d', 'reshape']);
  });
});
