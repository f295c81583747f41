import fc from 'fast-check';
import type { ImportedOutput } from '../../models/importers/importer.ts';
import { importTfjs } from '../../models/importers/tfjs/tfjs.ts';
import type { Network } from '../../models/network.ts';
import { scoresOf } from './forward.ts';
import { largestDifference, ourOrder, randomInput } from './importedKeras.ts';
import { changed, damaged, damages, placesIn, strangeValues } from './jsonMutations.ts';
import { keras3Json, type WeightNaming } from './keras3Model.ts';
import { KerasLayers, plain, reading } from './kerasLayers.ts';
import { type KerasModel, memoryFile, sourceOf, weightBytes } from './kerasModel.ts';
import { kerasForward } from './kerasReference.ts';
import { expectSound } from './soundImport.ts';

const layers = new KerasLayers(23);

const conv = (name: string, channels: number, filters: number, config = {}) =>
  layers.conv2d(name, channels, filters, [3, 3], { padding: 'same', activation: 'relu', ...config });

/** Names that lead astray where weights are numbered by class: `conv2d` is the second convolution. */
const functional: KerasModel = {
  kind: 'Functional',
  inputShape: [8, 6, 3],
  layers: [
    plain('InputLayer', 'input_layer'),
    reading(plain('Rescaling', 'rescaling', { scale: 0.5, offset: -1 }), 'input_layer'),
    reading(conv('first', 3, 4), 'rescaling'),
    reading(layers.batchNorm('batch_normalization', 4, { center: false }), 'first'),
    reading(layers.depthwise('depth', 4, 1, [3, 3], { padding: 'same' }), 'batch_normalization'),
    reading(layers.separable('separable', 4, 4, [3, 3], { padding: 'same', use_bias: false }), 'depth'),
    reading(plain('Add', 'add'), 'batch_normalization', 'separable'),
    reading(plain('Concatenate', 'join', { axis: -1 }), 'add', 'first'),
    reading(layers.prelu('prelu', [1, 1, 8], { shared_axes: [1, 2] }), 'join'),
    reading(plain('LeakyReLU', 'leaky', { negative_slope: 0.1 }), 'prelu'),
    reading(layers.transposed('up', 8, 3, [3, 3], { strides: [2, 2], padding: 'same' }), 'leaky'),
    reading(conv('conv2d', 3, 5, { strides: [2, 2], use_bias: false }), 'up'),
    reading(layers.batchNorm('norm', 5), 'conv2d'),
    reading(plain('Flatten', 'flatten', { data_format: 'channels_last' }), 'norm'),
    reading(plain('Dropout', 'dropout', { rate: 0.5, seed: null, noise_shape: null }), 'flatten'),
    reading(layers.dense('dense_1', 240, 6, { activation: 'tanh' }), 'dropout'),
    reading(layers.dense('dense', 6, 3, { activation: 'softmax' }), 'dense_1'),
  ],
};

const sequential: KerasModel = {
  kind: 'Sequential',
  inputShape: [12, 3],
  layers: [
    layers.conv1d('conv', 3, 4, 3, { padding: 'causal', activation: 'relu' }),
    layers.conv1d('conv1d', 4, 5, 3),
    plain('MaxPooling1D', 'pool', { pool_size: [2], strides: [2], padding: 'valid' }),
    plain('Flatten', 'flatten'),
    layers.dense('dense', 25, 2),
  ],
};

async function importedKeras3(model: KerasModel, naming: WeightNaming, output?: ImportedOutput): Promise<Network> {
  const [height = 0, width = 0, ...channels] = model.inputShape;
  const shape = channels.length === 0 ? [width, height] : [...channels, height, width];
  const files = { 'weights.bin': weightBytes(model) };
  return { id: 'test', ...(await importTfjs(sourceOf(keras3Json(model, naming), files, shape, output))) };
}

describe.each(['numbered', 'paths'] as const)('weights with %s names', (naming) => {
  test.each([
    ['functional', functional, 'softmax'],
    ['Sequential', sequential, 'none'],
  ] as const)('give a %s model the scores of Keras', async (_kind, model, outputFunction) => {
    const network = await importedKeras3(model, naming);
    expect(network.outputFunction).toBe(outputFunction);
    for (const seed of [1, 2, 3]) {
      const input = randomInput(model, seed);
      const output = kerasForward(model, input).get(model.layers.at(-1)?.name ?? '')?.data ?? [];
      const scores = scoresOf(network, ourOrder(model, input).data);
      const exponentials = scores.map(Math.exp);
      const sum = exponentials.reduce((a, b) => a + b, 0);
      const actual = outputFunction === 'softmax' ? exponentials.map((value) => value / sum) : scores;
      expect(actual.length).toBe(output.length);
      expect(largestDifference(actual, output)).toBeLessThan(1e-5);
    }
  });
});

test('one of several outputs is named by the manifest', async () => {
  const both: KerasModel = { ...functional, outputs: ['dense', 'dense_1'] };
  await expect(importedKeras3(both, 'numbered')).rejects.toThrow('output.layer of the manifest has to name one');
  const network = await importedKeras3(both, 'numbered', { kind: 'regression', layer: 'dense_1' });
  expect(network.layers.at(-1)).toMatchObject({ name: 'dense_1', shape: [6] });
});

/** Imports the functional model after a change of its model.json. */
async function importChanged(from: string, to: string): Promise<unknown> {
  const text = JSON.stringify(keras3Json(functional, 'numbered'));
  expect(text).toContain(from);
  return importTfjs(
    sourceOf(JSON.parse(text.replace(from, to)), { 'weights.bin': weightBytes(functional) }, [3, 8, 6]),
  );
}

const call = '"inbound_nodes":[{"args":[{"class_name":"__keras_tensor__"';

test.each([
  [
    `${call},"config":{"shape":[null],"dtype":"float32","keras_history":["prelu",0,0]}}],"kwargs":{}}]`,
    '"inbound_nodes":[{"args":[2]}]',
    'leaky (LeakyReLU): is called with something else than the outputs of other layers',
  ],
  [
    '"keras_history":["prelu",0,0]',
    '"keras_history":["prelu",0,1]',
    'leaky (LeakyReLU): reads a further output of prelu',
  ],
  ['"keras_history":["prelu",0,0]', '"keras_history":["nowhere",0,0]', 'there are no layers named nowhere'],
  [
    '"keras_history":["prelu",0,0]}}],"kwargs":{}',
    '"keras_history":["prelu",0,0]}}],"kwargs":{"mask":{"class_name":"__keras_tensor__","config":{"keras_history":["prelu",0,0]}}}',
    'leaky (LeakyReLU): reads a layer by the argument mask',
  ],
  [
    '"class_name":"LeakyReLU"',
    '"class_name":"Functional"',
    'leaky (Functional): layers of this type are not supported',
  ],
  ['layers/dense_1/vars/0', 'layers/dense_7/vars/0', 'dense (Dense): its kernel is missing in the weights'],
])('%s turned to %s is refused', async (from, to, message) => {
  await expect(importChanged(from, to)).rejects.toThrow(message);
});

describe('hostile files', () => {
  const json = keras3Json(functional, 'numbered');
  const weights = weightBytes(functional);
  const importFiles = (definition: Uint8Array, shard: Uint8Array) => () =>
    importTfjs({
      ...sourceOf(json, { 'weights.bin': shard }, [3, 8, 6]),
      definition: memoryFile('model.json', definition),
    });
  const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

  test('with any value of model.json changed are imported or refused', async () => {
    await expectSound(importFiles(encode(json), weights));
    const strange = strangeValues('Dense', 'Conv2D', 'Sequential', '__keras_tensor__', 'dense', 'layers/dense/vars/0');
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...placesIn(json)), strange, (place, value) =>
        expectSound(importFiles(encode(changed(json, place, value)), weights)),
      ),
      { numRuns: 500 },
    );
  });

  test('with any bytes changed or cut off are imported or refused', async () => {
    const bytes = encode(json);
    await fc.assert(
      fc.asyncProperty(damages(bytes.length), (damage) => expectSound(importFiles(damaged(bytes, damage), weights))),
      { numRuns: 250 },
    );
    await fc.assert(
      fc.asyncProperty(damages(weights.length), (damage) => expectSound(importFiles(bytes, damaged(weights, damage)))),
      { numRuns: 250 },
    );
  });
});
