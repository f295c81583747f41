import { importTfjs } from '../../models/importers/tfjs/tfjs.ts';
import { imported } from './importedKeras.ts';
import { KerasLayers, plain, reading } from './kerasLayers.ts';
import { type KerasModel, type KerasSpec, modelJson, sourceOf, weightBytes } from './kerasModel.ts';

const layers = new KerasLayers(13);

const small: KerasModel = { kind: 'Sequential', inputShape: [4], layers: [layers.dense('dense', 4, 3)] };

function functional(...specs: readonly KerasSpec[]): KerasModel {
  return { kind: 'Functional', inputShape: [6, 6, 2], layers: [plain('InputLayer', 'in'), ...specs] };
}

/** Imports `small` after a change of its model.json, with the given shards. */
async function importChanged(change: (json: string) => string, shards?: Record<string, Uint8Array>): Promise<unknown> {
  const json: unknown = JSON.parse(change(JSON.stringify(modelJson(small))));
  return importTfjs(sourceOf(json, shards ?? { 'weights.bin': weightBytes(small) }, [4]));
}

test('every unsupported layer is named at once, with type and reason', async () => {
  const model = functional(
    reading(layers.conv2d('conv', 2, 2, [3, 3], { activation: 'gelu' }), 'in'),
    reading(plain('LSTM', 'memory'), 'conv'),
    reading(plain('ReLU', 'fine'), 'memory'),
    reading(plain('ReLU', 'threshold', { threshold: 1 }), 'fine'),
    reading(plain('MaxPooling2D', 'pool', { padding: 'causal' }), 'fine'),
    reading(plain('Multiply', 'gate'), 'in', 'in'),
    reading(layers.dense('dense', 2, 3), 'in'),
  );
  const expected = [
    '6 layers cannot be imported: ',
    'conv (Conv2D): activation: the activation gelu is not supported; allowed: linear, relu,',
    'memory (LSTM): layers of this type are not supported',
    'threshold (ReLU): threshold 1 is not supported',
    'pool (MaxPooling2D): padding: ',
    'gate (Multiply): layers of this type are not supported',
    'dense (Dense): is applied to the shape [2, 6, 6]; only a vector is supported (Flatten first)',
  ];
  const error: unknown = await imported(model).catch((caught: unknown) => caught);
  for (const part of expected)
    expect(error).toMatchObject({ code: 'model-failed', message: expect.stringContaining(part) });
});

test.each(['swish', 'silu', 'gelu', 'mish', 'hard_sigmoid', 'hardSigmoid', 'constructor'])(
  'the activation %s is refused by name',
  async (activation) => {
    const model = functional(reading(layers.conv2d('conv', 2, 2, [3, 3], { activation }), 'in'));
    await expect(imported(model)).rejects.toThrow(
      `the activation ${activation} is not supported; allowed: linear, relu`,
    );
  },
);

test('a ReLU layer with a threshold, or clipped and with a slope, is refused', async () => {
  const model = functional(
    reading(plain('ReLU', 'threshold', { threshold: 0.5 }), 'in'),
    reading(plain('ReLU', 'both', { max_value: 6, negative_slope: 0.1 }), 'in'),
  );
  const error: unknown = await imported(model).catch((caught: unknown) => caught);
  expect(error).toMatchObject({ message: expect.stringContaining('threshold (ReLU): threshold 0.5 is not supported') });
  expect(error).toMatchObject({ message: expect.stringContaining('max_value together with negative_slope') });
});

describe('the wiring', () => {
  test('with an unknown layer is refused', async () => {
    await expect(imported(functional(reading(plain('ReLU', 'a'), 'nowhere')))).rejects.toThrow(
      'there are no layers named nowhere',
    );
  });

  test('with a circle is refused', async () => {
    const model = functional(reading(plain('Add', 'a'), 'in', 'b'), reading(plain('ReLU', 'b'), 'a'));
    await expect(imported(model)).rejects.toThrow('layers read each other in a circle: a, b');
  });

  test('with two layers of one name is refused', async () => {
    const model = functional(reading(plain('ReLU', 'a'), 'in'), reading(plain('ReLU', 'a'), 'in'));
    await expect(imported(model)).rejects.toThrow('two layers are named a');
  });

  test('with two inputs is refused', async () => {
    const model = functional(plain('InputLayer', 'other'), reading(plain('Add', 'sum'), 'in', 'other'));
    await expect(imported(model)).rejects.toThrow('the model has 2 inputs (in, other); only one is supported');
  });

  test('with two outputs needs to know which', async () => {
    const model = functional(
      reading(plain('GlobalMaxPooling2D', 'a'), 'in'),
      reading(plain('GlobalAveragePooling2D', 'b'), 'in'),
    );
    const both = { ...model, outputs: ['a', 'b'] };
    await expect(imported(both)).rejects.toThrow('output.layer of the manifest has to name one');
    const network = await imported(both, { kind: 'classification', layer: 'b/flatten' });
    expect(network.layers.map(({ name }) => name)).toEqual(['b', 'b/flatten']);
  });

  test('of a layer that is called twice is refused', async () => {
    const json = JSON.stringify(modelJson(functional(reading(plain('ReLU', 'a'), 'in'))));
    const twice = json.replace('[[["in",0,0,{}]]]', '[[["in",0,0,{}]],[["in",0,0,{}]]]');
    const source = sourceOf(JSON.parse(twice), { 'weights.bin': new Uint8Array() }, [2, 6, 6]);
    await expect(importTfjs(source)).rejects.toThrow('a (ReLU): is called 2 times; shared layers are not supported');
  });
});

describe('shapes', () => {
  test('that do not fit are refused where they arise', async () => {
    const model = functional(
      reading(plain('MaxPooling2D', 'half'), 'in'),
      reading(plain('Add', 'sum'), 'in', 'half'),
      reading(layers.conv2d('big', 2, 2, [7, 7]), 'in'),
      reading(plain('Reshape', 'shape', { target_shape: [5, 5] }), 'in'),
    );
    const error: unknown = await imported(model).catch((caught: unknown) => caught);
    for (const part of [
      'sum (Add): adds inputs of different shapes: [2, 6, 6], [2, 3, 3]',
      'big (Conv2D): its output would have the shape [2, 0, 0]',
      'shape (Reshape): cannot read [6, 6, 2] as [5, 5]',
    ]) {
      expect(error).toMatchObject({ message: expect.stringContaining(part) });
    }
  });

  test('that are huge are refused before anything is allocated', async () => {
    const padded = functional(reading(plain('ZeroPadding2D', 'pad', { padding: 60000 }), 'in'));
    await expect(imported(padded)).rejects.toThrow('at most 268435456 values are allowed');
    await expect(importChanged((json) => json.replace('"units":3', '"units":1000000000'))).rejects.toThrow(
      'its kernel has the shape [4, 3], expected [4, 1000000000]',
    );
    await expect(importChanged((json) => json.replace('"shape":[4,3]', '"shape":[400000000,3000000]'))).rejects.toThrow(
      'weights.bin: 60 bytes, but model.json describes 4800000000000012 bytes of weights',
    );
  });

  test('of an output that is no vector are refused', async () => {
    await expect(imported(functional(reading(plain('ReLU', 'a'), 'in')))).rejects.toThrow(
      'the output a has the shape [2, 6, 6]; it must be a vector',
    );
  });
});

describe('weights', () => {
  const change = (from: string, to: string) => importChanged((json) => json.replace(from, to));

  test.each([
    ['"name":"dense/kernel"', '"name":"other/kernel"', 'its kernel is missing in the weights'],
    ['"shape":[4,3],"dtype":"float32"', '"shape":[4,3],"dtype":"int32"', 'its kernel has the type int32; only float32'],
    [
      '"shape":[4,3],"dtype":"float32"',
      '"shape":[8,3],"dtype":"float32","quantization":{"dtype":"uint16","scale":1,"min":0}',
      'its kernel is quantised to uint16; only float32',
    ],
    ['"shape":[4,3]', '"shape":[3,4]', 'its kernel has the shape [3, 4], expected [4, 3]'],
    ['"dtype":"float32"', '"dtype":"complex64"', 'has the unknown type complex64'],
    ['"dtype":"float32"', '"dtype":"constructor"', 'has the unknown type constructor'],
    ['"weights.bin"', '"../weights.bin"', 'names the weights file ../weights.bin, which the manifest does not list'],
    ['["weights.bin"]', '["weights.bin","weights.bin"]', 'names the weights file weights.bin twice'],
    ['"name":"dense/bias"', '"name":"dense/kernel"', 'two weights are named dense/kernel'],
  ])('%s turned to %s are refused', async (from, to, message) => {
    await expect(change(from, to)).rejects.toThrow(message);
  });

  test('cut short or too long are refused', async () => {
    const bytes = weightBytes(small);
    for (const wrong of [bytes.slice(0, -1), new Uint8Array([...bytes, 0]), new Uint8Array()]) {
      await expect(importChanged((json) => json, { 'weights.bin': wrong })).rejects.toThrow(
        `weights.bin: ${wrong.length} bytes, but model.json describes 60 bytes of weights`,
      );
    }
  });

  test('that are not finite are refused', async () => {
    const bytes = weightBytes(small);
    new DataView(bytes.buffer).setFloat32(0, Number.NaN, true);
    await expect(importChanged((json) => json, { 'weights.bin': bytes })).rejects.toThrow(
      'dense (Dense): its kernel holds values that are not finite',
    );
  });

  test('are read from shards that cut through a value, and under names with a prefix', async () => {
    const bytes = weightBytes(small);
    const json = JSON.stringify(modelJson(small, ['a.bin', 'b.bin'])).replaceAll('"dense/', '"model/dense/');
    const shards = { 'b.bin': bytes.slice(7), 'a.bin': bytes.slice(0, 7) };
    const whole = await imported(small);
    expect({ id: 'test', ...(await importTfjs(sourceOf(JSON.parse(json), shards, [4]))) }).toEqual(whole);
  });
});

test.each([
  ['"layers-model"', '"graph-model"', 'modelTopology cannot be read: node: '],
  ['"Sequential"', '"Subclassed"', 'model.json holds a Subclassed; allowed are Sequential, Model and Functional'],
  ['"class_name":"Sequential"', '"class_name":"__proto__"', 'model.json holds a __proto__'],
  ['"class_name":"Dense"', '"class_name":"toString"', 'dense (toString): layers of this type are not supported'],
  ['"batch_input_shape":[null,4]', '"batch_input_shape":7', 'states no input shape (batch_input_shape)'],
])('model.json with %s turned to %s is refused', async (from, to, message) => {
  await expect(importChanged((json) => json.replace(from, to))).rejects.toThrow(message);
});
