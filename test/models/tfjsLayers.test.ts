import { expectSameScores, layerNamed, typesOf } from './importedKeras.ts';
import { KerasLayers, plain } from './kerasLayers.ts';
import type { KerasSpec } from './kerasModel.ts';

const layers = new KerasLayers(7);

/** A Sequential model that ends in a flatten, so that its scores are the whole output in Keras' own order. */
function flattened(inputShape: readonly number[], ...specs: readonly KerasSpec[]) {
  return { kind: 'Sequential', inputShape, layers: [...specs, plain('Flatten', 'flat')] } as const;
}

const PADDINGS = ['valid', 'same'] as const;

describe('a Conv2D layer', () => {
  const cases = PADDINGS.flatMap((padding) => [
    { padding },
    { padding, strides: [2, 2] },
    { padding, strides: [2, 3] },
    { padding, strides: 3 },
    { padding, dilation_rate: [2, 2] },
    { padding, dilation_rate: [1, 3] },
    { padding, groups: 2 },
    { padding, groups: 4, strides: 2, use_bias: false },
  ]);
  test.each(cases)('is imported with %j', async (config) => {
    await expectSameScores(flattened([9, 12, 4], layers.conv2d('conv', 4, 8, [3, 2], config)));
  });

  test.each([5, 6, 7, 8])('pads %i rows unevenly as Keras does', async (side) => {
    const network = await expectSameScores(
      flattened([side, side, 1], layers.conv2d('conv', 1, 2, [4, 4], { strides: 2, padding: 'same' })),
    );
    const [top, left, bottom, right] = layerNamed(network, 'conv', 'conv2d').padding;
    expect([top, left, bottom - top, right - left]).toEqual([1, 1, side % 2, side % 2]);
  });

  test('applies its activation as a layer of its own', async () => {
    const network = await expectSameScores(
      flattened([4, 4, 2], layers.conv2d('conv', 2, 3, [3, 3], { activation: 'relu' })),
    );
    expect(network.layers.map(({ name }) => name)).toEqual(['conv', 'conv/activation', 'flat/permute', 'flat']);
  });
});

test.each(
  PADDINGS.flatMap((padding) => [
    { padding, multiplier: 1 },
    { padding, multiplier: 3, strides: [2, 2] },
    { padding, multiplier: 2, dilation_rate: [2, 1], use_bias: false },
  ]),
)('a DepthwiseConv2D layer is imported with %j', async ({ multiplier, ...config }) => {
  const network = await expectSameScores(
    flattened([7, 8, 3], layers.depthwise('depth', 3, multiplier, [3, 3], config)),
  );
  const { weight, groups } = layerNamed(network, 'depth', 'conv2d');
  expect([weight.shape, groups]).toEqual([[3 * multiplier, 1, 3, 3], 3]);
});

describe.each(['MaxPooling2D', 'AveragePooling2D'])('a %s layer', (className) => {
  const cases = PADDINGS.flatMap((padding) => [
    { padding },
    { padding, pool_size: [3, 2] },
    { padding, pool_size: 3, strides: 2 },
    { padding, pool_size: [2, 3], strides: [3, 1] },
    { padding, pool_size: 1, strides: 2 },
  ]);
  test.each(cases)('is imported with %j', async (config) => {
    await expectSameScores(flattened([7, 8, 3], plain(className, 'pool', config)));
  });
});

test.each(['GlobalMaxPooling2D', 'GlobalAveragePooling2D'])('a %s layer gives a vector', async (className) => {
  const network = await expectSameScores({
    kind: 'Sequential',
    inputShape: [5, 4, 3],
    layers: [plain(className, 'pool')],
  });
  expect(network.layers.at(-1)?.shape).toEqual([3]);
});

describe('activations', () => {
  const names = ['relu', 'relu6', 'leaky_relu', 'elu', 'selu', 'tanh', 'softplus', 'softsign', 'exponential'];
  test.each(names)('%s', async (activation) => {
    await expectSameScores({
      kind: 'Sequential',
      inputShape: [6],
      layers: [layers.dense('dense', 6, 5), plain('Activation', 'act', { activation })],
    });
  });

  test.each([
    ['ReLU', {}],
    ['ReLU', { max_value: 0.5 }],
    ['ReLU', { negative_slope: 0.25 }],
    ['LeakyReLU', { alpha: 0.1 }],
    ['ELU', { alpha: 0.7 }],
  ])('the layer %s with %j', async (className, config) => {
    await expectSameScores({
      kind: 'Sequential',
      inputShape: [6],
      layers: [layers.dense('dense', 6, 5), plain(className, 'act', config), layers.dense('end', 5, 2)],
    });
  });
});

describe('ZeroPadding2D', () => {
  const paddings = [
    1,
    [2, 0],
    [
      [0, 1],
      [2, 3],
    ],
  ];
  test.each(paddings.map((padding) => ({ padding })))('%j folds into the convolution behind it', async (config) => {
    const network = await expectSameScores(
      flattened(
        [5, 6, 2],
        plain('ZeroPadding2D', 'pad', config),
        layers.conv2d('conv', 2, 3, [3, 3], { padding: 'same' }),
      ),
    );
    expect(typesOf(network)).not.toContain('pad');
  });

  test('stays before a pooling layer', async () => {
    const network = await expectSameScores(
      flattened([5, 6, 2], plain('ZeroPadding2D', 'pad'), plain('AveragePooling2D', 'pool', { pool_size: 3 })),
    );
    expect(typesOf(network)).toContain('pad');
  });

  test('two in a row fold too', async () => {
    const twice = [plain('ZeroPadding2D', 'one'), plain('ZeroPadding2D', 'two', { padding: [1, 2] })];
    const network = await expectSameScores(flattened([5, 6, 2], ...twice, layers.conv2d('conv', 2, 3, [3, 3])));
    expect(layerNamed(network, 'conv', 'conv2d').padding).toEqual([2, 3, 2, 3]);
  });
});

describe('Reshape', () => {
  test('of a vector to an image, and back', async () => {
    await expectSameScores({
      kind: 'Sequential',
      inputShape: [24],
      layers: [
        plain('Reshape', 'image', { target_shape: [4, 3, 2] }),
        layers.conv2d('conv', 2, 3, [2, 2]),
        plain('Reshape', 'other', { target_shape: [1, -1, 6] }),
        layers.conv2d('conv2', 6, 2, [1, 1]),
        plain('Reshape', 'vector', { target_shape: [-1] }),
        layers.dense('end', 6, 2),
      ],
    });
  });

  test('of a gray picture without its channel needs no permutation', async () => {
    const network = await expectSameScores({
      kind: 'Sequential',
      inputShape: [4, 3],
      layers: [
        plain('Reshape', 'image', { target_shape: [4, 3, 1] }),
        layers.conv2d('conv', 1, 3, [2, 2]),
        plain('GlobalAveragePooling2D', 'pool'),
      ],
    });
    expect(typesOf(network)).not.toContain('permute');
  });
});

test('a model whose images are channels_first is imported as it is', async () => {
  const data_format = 'channels_first';
  const network = await expectSameScores({
    kind: 'Sequential',
    inputShape: [2, 6, 7],
    layers: [
      layers.conv2d('conv', 2, 4, [3, 3], { data_format, padding: 'same', strides: 2 }),
      layers.batchNorm('norm', 4, { axis: 1 }),
      plain('MaxPooling2D', 'pool', { data_format }),
      plain('Flatten', 'flat', { data_format: 'channels_last' }),
      layers.dense('end', 8, 3),
    ],
  });
  expect(typesOf(network)).toEqual(['conv2d', 'maxPool2d', 'reshape', 'dense']);
});

test('a Flatten that turns channels_first around is followed', async () => {
  const data_format = 'channels_first';
  await expectSameScores({
    kind: 'Sequential',
    inputShape: [2, 3, 4],
    layers: [
      layers.conv2d('conv', 2, 3, [2, 2], { data_format }),
      plain('Flatten', 'flat', { data_format }),
      layers.dense('end', 18, 3),
    ],
  });
});
