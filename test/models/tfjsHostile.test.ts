import fc from 'fast-check';
import { importTfjs } from '../../models/importers/tfjs/tfjs.ts';
import { ElucidError } from '../../schemas/errors.ts';
import { changed, placesIn, strangeValues } from './jsonMutations.ts';
import { KerasLayers, plain, reading } from './kerasLayers.ts';
import { type KerasModel, memoryFile, modelJson, sourceOf, weightBytes } from './kerasModel.ts';
import { expectSound } from './soundImport.ts';

const layers = new KerasLayers(17);

const model: KerasModel = {
  kind: 'Functional',
  inputShape: [6, 6, 2],
  layers: [
    plain('InputLayer', 'in'),
    reading(
      plain('ZeroPadding2D', 'pad', {
        padding: [
          [1, 0],
          [0, 1],
        ],
      }),
      'in',
    ),
    reading(layers.conv2d('conv', 2, 4, [3, 3], { strides: [1, 1], padding: 'same' }), 'pad'),
    reading(layers.batchNorm('norm', 4), 'conv'),
    reading(plain('MaxPooling2D', 'pool', { pool_size: [2, 2], strides: 2 }), 'norm'),
    reading(layers.depthwise('depth', 4, 1, [3, 3], { padding: 'same' }), 'pool'),
    reading(plain('Add', 'sum'), 'pool', 'depth'),
    reading(plain('Concatenate', 'join', { axis: -1 }), 'sum', 'pool'),
    reading(plain('Flatten', 'flat'), 'join'),
    reading(layers.dense('dense', 72, 3, { activation: 'softmax' }), 'flat'),
  ],
};

const json = modelJson(model);
const weights = weightBytes(model);

/** Imports files and expects a network or a refusal. */
function expectSoundFiles(definition: unknown, shards: Record<string, Uint8Array>): Promise<void> {
  return expectSound(() => importTfjs(sourceOf(definition, shards, [2, 6, 6])));
}

const strange = strangeValues(
  'in',
  'Dense',
  'Conv2D',
  'Flatten',
  'Reshape',
  'Add',
  'same',
  'channels_first',
  'relu',
  'int32',
);

test('a model.json with any value changed is imported or refused', async () => {
  await expectSoundFiles(json, { 'weights.bin': weights });
  const places = placesIn(json);
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...places), strange, (place, value) =>
      expectSoundFiles(changed(json, place, value), { 'weights.bin': weights }),
    ),
    { numRuns: 300 },
  );
});

test('a model.json with any bytes changed or cut off is imported or refused', async () => {
  const bytes = new TextEncoder().encode(JSON.stringify(json));
  await fc.assert(
    fc.asyncProperty(fc.nat(bytes.length - 1), fc.nat(255), fc.boolean(), async (at, value, cut) => {
      const wrong = cut ? bytes.slice(0, at) : bytes.slice();
      if (!cut) wrong[at] = value;
      const source = sourceOf(json, { 'weights.bin': weights }, [2, 6, 6]);
      const result = await importTfjs({ ...source, definition: memoryFile('model.json', wrong) }).catch(
        (error) => error,
      );
      if (result instanceof Error) expect(result).toBeInstanceOf(ElucidError);
    }),
    { numRuns: 300 },
  );
});

test('weights with any bytes changed or cut off are imported or refused', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(weights.length), fc.uint8Array({ maxLength: 8 }), fc.boolean(), async (at, bytes, cut) => {
      const wrong = cut ? weights.slice(0, at) : weights.slice();
      if (!cut) wrong.set(bytes.subarray(0, wrong.length - at), at);
      await expectSoundFiles(json, { 'weights.bin': wrong });
    }),
    { numRuns: 300 },
  );
});

test('deep nesting is imported or refused', async () => {
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  for (const text of [deep, `{"modelTopology":${deep}}`, JSON.stringify(json).replace('"data_format"', deep)]) {
    const source = sourceOf(json, { 'weights.bin': weights }, [2, 6, 6]);
    const definition = memoryFile('model.json', new TextEncoder().encode(text));
    const result = await importTfjs({ ...source, definition }).catch((error) => error);
    if (result instanceof Error) expect(result).toBeInstanceOf(ElucidError);
  }
});

test('a chain of thousands of batch normalisations folds into one layer', async () => {
  const ones = { shape: [3], data: new Float32Array(3).fill(1) };
  const norms = Array.from({ length: 2000 }, (_, k) => ({
    ...plain('BatchNormalization', `norm${k}`, { scale: false, center: false, epsilon: 0 }),
    weights: { moving_mean: ones, moving_variance: ones },
  }));
  const chain: KerasModel = { kind: 'Sequential', inputShape: [3], layers: norms };
  const network = await importTfjs(sourceOf(modelJson(chain), { 'weights.bin': weightBytes(chain) }, [3]));
  expect(network.layers).toMatchObject([{ type: 'affine', offset: { data: new Float32Array(3).fill(-2000) } }]);
});

test('a normalisation whose factor overflows is refused', async () => {
  const values = (value: number) => ({ shape: [3], data: new Float32Array(3).fill(value) });
  const norms = [0, 1].map((k) => ({
    ...plain('BatchNormalization', `norm${k}`, { center: false, epsilon: 0 }),
    weights: { gamma: values(1e30), moving_mean: values(1), moving_variance: values(1) },
  }));
  const chain: KerasModel = { kind: 'Sequential', inputShape: [3], layers: norms };
  await expect(importTfjs(sourceOf(modelJson(chain), { 'weights.bin': weightBytes(chain) }, [3]))).rejects.toThrow(
    'norm0 (affine): folding a normalisation into it overflows float32',
  );
});
