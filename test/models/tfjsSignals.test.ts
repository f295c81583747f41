import { expectSameScores, imported, layerNamed, typesOf } from './importedKeras.ts';
import { KerasLayers, plain, reading } from './kerasLayers.ts';
import type { KerasModel, KerasSpec } from './kerasModel.ts';

const layers = new KerasLayers(17);

/** A Sequential model that ends in a flatten, so that its scores are the whole output in Keras' own order. */
function flattened(inputShape: readonly number[], ...specs: readonly KerasSpec[]): KerasModel {
  return { kind: 'Sequential', inputShape, layers: [...specs, plain('Flatten', 'flat')] };
}

const PADDINGS = ['valid', 'same'] as const;

describe('a Conv1D layer', () => {
  const cases = [...PADDINGS, 'causal'].flatMap((padding) => [
    { padding },
    { padding, strides: 2 },
    { padding, strides: [3] },
    { padding, dilation_rate: [2] },
    { padding, groups: 2, use_bias: false },
    { padding, activation: 'relu' },
  ]);
  test.each(cases)('is imported with %j', async (config) => {
    await expectSameScores(flattened([13, 4], layers.conv1d('conv', 4, 6, 3, config)));
  });

  test('is a convolution over an image of one row, behind a reshape of the input', async () => {
    const network = await expectSameScores(flattened([10, 3], layers.conv1d('conv', 3, 5, 4)));
    expect(network.inputShape).toEqual([3, 10]);
    expect(network.layers.map(({ name, shape }) => [name, shape])).toEqual([
      ['input/reshape', [3, 1, 10]],
      ['conv', [5, 1, 7]],
      ['flat/permute', [1, 7, 5]],
      ['flat', [35]],
    ]);
    expect(layerNamed(network, 'conv', 'conv2d').weight.shape).toEqual([5, 3, 1, 4]);
  });
});

test.each(
  PADDINGS.flatMap((padding) => [{ padding }, { padding, strides: 2 }, { padding, dilation_rate: 2, use_bias: false }]),
)('depthwise, separable and transposed convolutions along steps are imported with %j', async (config) => {
  await expectSameScores(flattened([11, 3], layers.depthwise1d('depth', 3, 2, 3, config)));
  const separable = await expectSameScores(flattened([11, 3], layers.separable('apart', 3, 4, [3], config)));
  expect(separable.layers.map(({ name }) => name)).toEqual(expect.arrayContaining(['apart/depthwise', 'apart']));
  const { dilation_rate: _, ...undilated } = { dilation_rate: 1, ...config };
  await expectSameScores(flattened([6, 3], layers.transposed('up', 3, 4, [5], undilated)));
  await expectSameScores(flattened([6, 3], layers.transposed('up', 3, 4, [2], { ...undilated, strides: 3 })));
});

describe.each(['MaxPooling1D', 'AveragePooling1D'])('a %s layer', (className) => {
  const cases = PADDINGS.flatMap((padding) => [
    { padding },
    { padding, pool_size: [3] },
    { padding, pool_size: 3, strides: 2 },
    { padding, pool_size: 2, strides: [3] },
  ]);
  test.each(cases)('is imported with %j', async (config) => {
    await expectSameScores(flattened([11, 3], plain(className, 'pool', config)));
  });
});

test.each(['GlobalMaxPooling1D', 'GlobalAveragePooling1D'])('a %s layer gives a vector', async (className) => {
  const specs = [layers.conv1d('conv', 2, 5, 3), plain(className, 'pool'), layers.dense('end', 5, 3)];
  const network = await expectSameScores({ kind: 'Sequential', inputShape: [9, 2], layers: specs });
  expect(layerNamed(network, 'pool/flatten', 'reshape').shape).toEqual([5]);
});

test.each([{}, { padding: 2 }, { padding: [2] }, { padding: [1, 3] }])(
  'a ZeroPadding1D layer with %j folds into the convolution behind it',
  async (config) => {
    const pad = plain('ZeroPadding1D', 'pad', config);
    const network = await expectSameScores(flattened([7, 2], pad, layers.conv1d('conv', 2, 3, 4)));
    expect(typesOf(network)).not.toContain('pad');
  },
);

test.each([
  ['Cropping1D', { cropping: [1, 2] }],
  ['Cropping1D', { cropping: 2 }],
  ['UpSampling1D', {}],
  ['UpSampling1D', { size: 3 }],
])('a %s layer with %j is imported', async (className, config) => {
  await expectSameScores(flattened([7, 2], plain(className, 'layer', config), layers.conv1d('conv', 2, 3, 3)));
});

test('a whole network: normalisation, slopes per channel, dropout and a flatten before dense layers', async () => {
  const network = await expectSameScores({
    kind: 'Sequential',
    inputShape: [24, 3],
    layers: [
      layers.conv1d('conv1', 3, 6, 5, { padding: 'same', use_bias: false }),
      layers.batchNorm('norm1', 6, { axis: 2 }),
      plain('ReLU', 'relu1'),
      plain('MaxPooling1D', 'pool1'),
      plain('SpatialDropout1D', 'drop'),
      layers.conv1d('conv2', 6, 8, 3),
      layers.prelu('prelu', [1, 8], { shared_axes: [1] }),
      plain('Flatten', 'flat'),
      layers.dense('hidden', 80, 7, { activation: 'relu' }),
      layers.dense('end', 7, 4),
    ],
  });
  expect(typesOf(network)).not.toContain('permute');
  expect(typesOf(network)).not.toContain('affine');
});

test('branches are added, and joined along channels and along steps', async () => {
  await expectSameScores({
    kind: 'Functional',
    inputShape: [9, 4],
    layers: [
      plain('InputLayer', 'in'),
      reading(layers.conv1d('a', 4, 4, 3, { padding: 'same' }), 'in'),
      reading(layers.conv1d('b', 4, 3, 1), 'in'),
      reading(plain('Add', 'sum'), 'in', 'a'),
      reading(plain('Concatenate', 'channels', { axis: -1 }), 'sum', 'b'),
      reading(plain('Concatenate', 'twice', { axis: 1 }), 'channels', 'channels'),
      reading(plain('GlobalMaxPooling1D', 'top'), 'twice'),
      reading(plain('Flatten', 'flat'), 'twice'),
      reading(plain('Concatenate', 'all'), 'flat', 'top'),
      reading(layers.dense('end', 133, 2), 'all'),
    ],
  });
});

test('a vector is reshaped to a signal, and a signal to an image', async () => {
  await expectSameScores({
    kind: 'Sequential',
    inputShape: [24],
    layers: [
      plain('Reshape', 'signal', { target_shape: [-1, 2] }),
      layers.conv1d('conv', 2, 6, 3, { padding: 'same' }),
      plain('Reshape', 'image', { target_shape: [4, 3, 6] }),
      layers.conv2d('conv2', 6, 2, [2, 2]),
      plain('Flatten', 'flat'),
      layers.dense('end', 12, 2),
    ],
  });
});

test('channels_first signals are imported as they are', async () => {
  const data_format = 'channels_first';
  const network = await expectSameScores({
    kind: 'Sequential',
    inputShape: [3, 12],
    layers: [
      layers.conv1d('conv', 3, 4, 3, { data_format }),
      layers.batchNorm('norm', 4, { axis: 1 }),
      plain('MaxPooling1D', 'pool', { data_format }),
      plain('Flatten', 'flat', { data_format: 'channels_last' }),
      layers.dense('end', 20, 3),
    ],
  });
  expect(typesOf(network)).toEqual(['reshape', 'conv2d', 'maxPool2d', 'reshape', 'dense']);
});

describe('the input', () => {
  const model = flattened([8, 2], layers.conv1d('conv', 2, 3, 3));
  const single = flattened([8, 1], layers.conv1d('conv', 1, 3, 3));
  const output = { kind: 'classification', layer: null } as const;

  test('may be a vector where there is one channel', async () => {
    const network = await imported(single, output, [8]);
    expect(network.layers[0]).toMatchObject({ type: 'reshape', shape: [1, 1, 8] });
  });

  test('may be a picture whose rows are the steps', async () => {
    const network = await imported(model, output, [1, 8, 2]);
    expect(network.layers[0]).toMatchObject({ type: 'permute', shape: [2, 1, 8] });
  });

  test('may have any length where the model leaves it open', async () => {
    const open = flattened([8, 2], layers.conv1d('conv', 2, 3, 3, { batch_input_shape: [null, null, 2] }));
    expect((await imported(open, output, [2, 50])).layers[1]?.shape).toEqual([3, 1, 48]);
  });

  test('of another shape is refused, and the right one named', async () => {
    await expect(imported(model, output, [8, 2])).rejects.toThrow(
      'the manifest states the input shape [8, 2], the model takes [8, 2], that is [2, 8] with channels first',
    );
  });
});

test('layers over images refuse signals, and those along signals refuse images', async () => {
  const model: KerasModel = {
    kind: 'Functional',
    inputShape: [9, 4],
    layers: [
      plain('InputLayer', 'in'),
      reading(layers.conv2d('conv2d', 4, 4, [1, 1]), 'in'),
      reading(plain('Flatten', 'flat'), 'in'),
      reading(plain('MaxPooling1D', 'pool'), 'flat'),
      reading(layers.batchNorm('norm', 9, { axis: 1 }), 'in'),
      reading(plain('Conv1DTranspose', 'up', { filters: 2, kernel_size: 2, output_padding: 1 }), 'in'),
    ],
  };
  const error: unknown = await imported(model).catch((caught: unknown) => caught);
  for (const part of [
    'conv2d (Conv2D): takes an image, got a signal [4, 9]',
    'pool (MaxPooling1D): takes a signal, got the shape [36]',
    'norm (BatchNormalization): normalises axis 1 of a value of rank 2',
    'up (Conv1DTranspose): output_padding is not supported',
  ]) {
    expect(error).toMatchObject({ message: expect.stringContaining(part) });
  }
});
