import { expectSameScores, imported, layerNamed, typesOf } from './importedKeras.ts';
import { KerasLayers, plain } from './kerasLayers.ts';
import type { KerasModel, KerasSpec } from './kerasModel.ts';

const layers = new KerasLayers(23);

function flattened(inputShape: readonly number[], ...specs: readonly KerasSpec[]): KerasModel {
  return { kind: 'Sequential', inputShape, layers: [...specs, plain('Flatten', 'flat')] };
}

const PADDINGS = ['valid', 'same'] as const;

describe('a Conv2DTranspose layer', () => {
  const cases = PADDINGS.flatMap((padding) => [
    { padding },
    { padding, strides: 2 },
    { padding, strides: [3, 2] },
    { padding, strides: 4, use_bias: false },
  ]);
  test.each(cases)('is imported with %j', async (config) => {
    await expectSameScores(flattened([4, 5, 3], layers.transposed('up', 3, 2, [3, 2], config)));
    await expectSameScores(flattened([3, 3, 2], layers.transposed('up', 2, 2, [5, 4], config)));
  });
});

describe('a SeparableConv2D layer', () => {
  const cases = PADDINGS.flatMap((padding) => [
    { padding, activation: 'relu' },
    { padding, strides: [2, 2], depth_multiplier: 2 },
    { padding, dilation_rate: 2, use_bias: false },
  ]);
  test.each(cases)('is imported with %j', async (config) => {
    const network = await expectSameScores(flattened([7, 8, 3], layers.separable('apart', 3, 4, [3, 3], config)));
    expect(layerNamed(network, 'apart/depthwise', 'conv2d').groups).toBe(3);
    expect(layerNamed(network, 'apart', 'conv2d').weight.shape.slice(2)).toEqual([1, 1]);
  });
});

test.each([
  ['UpSampling2D', {}],
  ['UpSampling2D', { size: [3, 1] }],
  ['UpSampling2D', { size: [1, 2] }],
  ['Cropping2D', {}],
  ['Cropping2D', { cropping: [2, 0] }],
  [
    'Cropping2D',
    {
      cropping: [
        [0, 1],
        [2, 1],
      ],
    },
  ],
  ['Rescaling', { scale: 0.5, offset: -1 }],
])('%s with %j', async (className, config) => {
  const network = await expectSameScores(
    flattened([6, 5, 2], plain(className, 'layer', config), layers.conv2d('conv', 2, 3, [2, 2])),
  );
  expect(typesOf(network)).not.toContain('affine');
});

describe('PReLU', () => {
  test('has one slope per channel of an image', async () => {
    const network = await expectSameScores(
      flattened([4, 5, 3], layers.prelu('prelu', [1, 1, 3], { shared_axes: [1, 2] })),
    );
    expect(layerNamed(network, 'prelu', 'activation').function).toMatchObject({ name: 'prelu', slope: { shape: [3] } });
  });

  test('has one slope per element of a vector, also of a flattened image', async () => {
    const network = await expectSameScores({
      kind: 'Sequential',
      inputShape: [3, 4, 2],
      layers: [plain('Flatten', 'flat'), layers.prelu('prelu', [24]), layers.dense('end', 24, 3)],
    });
    expect(typesOf(network)).not.toContain('permute');
  });

  test('with a slope per pixel is refused', async () => {
    await expect(imported(flattened([4, 5, 3], layers.prelu('prelu', [4, 5, 3])))).rejects.toThrow(
      'prelu (PReLU): only one slope per channel is supported',
    );
  });
});

test.each([
  ['output_padding is not supported', layers.transposed('up', 2, 2, [3, 3], { output_padding: 1 })],
  ['dilation_rate is not supported', layers.transposed('up', 2, 2, [3, 3], { dilation_rate: 2 })],
  ['interpolation', plain('UpSampling2D', 'up', { interpolation: 'bilinear' })],
  ['its output would have the shape', plain('Cropping2D', 'up', { cropping: 3 })],
  ['scale', plain('Rescaling', 'up', { scale: [1, 2] })],
])('what is not supported is refused: %s', async (words, layer) => {
  await expect(imported(flattened([6, 6, 2], layer))).rejects.toThrow(words);
});
