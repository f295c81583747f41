import { expectSameScores, imported, layerNamed, typesOf } from './importedKeras.ts';
import { KerasLayers, plain, reading } from './kerasLayers.ts';
import type { KerasModel, KerasSpec } from './kerasModel.ts';

const layers = new KerasLayers(11);

function sequential(inputShape: readonly number[], ...specs: readonly KerasSpec[]): KerasModel {
  return { kind: 'Sequential', inputShape, layers: specs };
}

function functional(inputShape: readonly number[], ...specs: readonly KerasSpec[]): KerasModel {
  return { kind: 'Functional', inputShape, layers: [plain('InputLayer', 'in'), ...specs] };
}

describe('batch normalisation', () => {
  const configs = [{}, { scale: false }, { center: false }, { epsilon: 0.1, axis: [3] }];

  test.each(configs)('%j folds into the convolution before it', async (config) => {
    const network = await expectSameScores(
      sequential(
        [6, 5, 2],
        layers.conv2d('conv', 2, 4, [3, 3], { padding: 'same', groups: 2 }),
        layers.batchNorm('norm', 4, config),
        plain('Activation', 'relu', { activation: 'relu' }),
        plain('GlobalAveragePooling2D', 'pool'),
      ),
    );
    expect(typesOf(network)).toEqual(['conv2d', 'activation', 'avgPool2d', 'reshape']);
  });

  test('folds into a depthwise convolution and a dense layer before it', async () => {
    const network = await expectSameScores(
      sequential(
        [6, 5, 2],
        layers.depthwise('depth', 2, 2, [3, 3], { use_bias: false }),
        layers.batchNorm('norm', 4),
        plain('Flatten', 'flat'),
        layers.dense('dense', 48, 5),
        layers.batchNorm('norm2', 5),
      ),
    );
    expect(typesOf(network)).toEqual(['conv2d', 'reshape', 'dense']);
  });

  test('folds into the layers behind it where they pad nothing', async () => {
    const network = await expectSameScores(
      sequential(
        [6, 5, 4],
        layers.batchNorm('norm', 4),
        layers.conv2d('conv', 4, 6, [3, 3], { groups: 2, use_bias: false, activation: 'relu', strides: 2 }),
        layers.batchNorm('norm2', 6),
        plain('Flatten', 'flat'),
        layers.dense('dense', 24, 3),
      ),
    );
    expect(typesOf(network)).toEqual(['conv2d', 'activation', 'reshape', 'dense']);
  });

  test('of a flattened vector folds into the dense layer behind it', async () => {
    const network = await expectSameScores(
      sequential([3, 2, 4], plain('Flatten', 'flat'), layers.batchNorm('norm', 24), layers.dense('dense', 24, 3)),
    );
    expect(typesOf(network)).toEqual(['reshape', 'dense']);
  });

  test('stays an affine layer before a convolution that pads', async () => {
    const network = await expectSameScores(
      sequential(
        [6, 5, 2],
        layers.batchNorm('norm', 2),
        layers.conv2d('conv', 2, 3, [3, 3], { padding: 'same' }),
        plain('GlobalMaxPooling2D', 'pool'),
      ),
    );
    expect(typesOf(network)[0]).toBe('affine');
  });

  test('stays before padding, an activation or a pooling layer', async () => {
    for (const next of [plain('ZeroPadding2D', 'n'), plain('ReLU', 'n'), plain('MaxPooling2D', 'n')]) {
      const network = await expectSameScores(
        sequential(
          [6, 5, 2],
          layers.batchNorm('norm', 2),
          next,
          layers.conv2d('conv', 2, 3, [2, 2]),
          plain('GlobalMaxPooling2D', 'pool'),
        ),
      );
      expect(typesOf(network)).toContain('affine');
    }
  });

  test('is not folded into a convolution that something else reads too', async () => {
    const network = await expectSameScores(
      functional(
        [4, 4, 2],
        reading(layers.conv2d('conv', 2, 2, [3, 3]), 'in'),
        reading(layers.batchNorm('norm', 2), 'conv'),
        reading(plain('Add', 'add'), 'conv', 'norm'),
        reading(plain('GlobalAveragePooling2D', 'pool'), 'add'),
      ),
    );
    expect(typesOf(network)).toContain('affine');
  });

  test('two in a row, and dropout between, fold together', async () => {
    const network = await expectSameScores(
      sequential(
        [4, 4, 2],
        layers.conv2d('conv', 2, 2, [3, 3]),
        plain('Dropout', 'drop', { rate: 0.5 }),
        layers.batchNorm('norm', 2),
        layers.batchNorm('norm2', 2),
        plain('GlobalAveragePooling2D', 'pool'),
      ),
    );
    expect(typesOf(network)).toEqual(['conv2d', 'avgPool2d', 'reshape']);
  });
});

describe('a flattened image', () => {
  test('meets weights in our order, through activations and dropout', async () => {
    const network = await expectSameScores(
      sequential(
        [3, 4, 2],
        layers.conv2d('conv', 2, 3, [2, 2]),
        plain('Flatten', 'flat'),
        plain('Dropout', 'drop'),
        plain('Activation', 'act', { activation: 'tanh' }),
        layers.dense('dense', 18, 4),
      ),
    );
    expect(typesOf(network)).toEqual(['conv2d', 'reshape', 'activation', 'dense']);
  });

  test('is joined with others without a permutation', async () => {
    const network = await expectSameScores(
      functional(
        [4, 3, 2],
        reading(layers.conv2d('a', 2, 3, [2, 2]), 'in'),
        reading(layers.conv2d('b', 2, 2, [3, 3]), 'in'),
        reading(plain('Flatten', 'fa'), 'a'),
        reading(plain('Flatten', 'fb'), 'b'),
        reading(plain('GlobalMaxPooling2D', 'g'), 'a'),
        reading(plain('Concatenate', 'all'), 'fa', 'g', 'fb'),
        reading(layers.batchNorm('norm', 25), 'all'),
        reading(plain('ReLU', 'relu'), 'norm'),
        reading(layers.dense('dense', 25, 4), 'relu'),
        reading(layers.dense('dense2', 25, 4), 'relu'),
        reading(plain('Add', 'sum'), 'dense', 'dense2'),
      ),
    );
    expect(typesOf(network)).not.toContain('permute');
  });

  test('is permuted where not only dense layers read it', async () => {
    const network = await expectSameScores(
      functional(
        [4, 3, 2],
        reading(layers.conv2d('conv', 2, 3, [2, 2]), 'in'),
        reading(plain('Flatten', 'flat'), 'conv'),
        reading(layers.dense('dense', 18, 18), 'flat'),
        reading(plain('Add', 'sum'), 'flat', 'dense'),
      ),
    );
    expect(typesOf(network)).toContain('permute');
  });
});

test('a network with two branches of every kind is imported', async () => {
  const network = await expectSameScores(
    functional(
      [8, 8, 3],
      reading(layers.conv2d('stem', 3, 4, [3, 3], { padding: 'same', activation: 'relu' }), 'in'),
      reading(plain('MaxPooling2D', 'left', { pool_size: 3, strides: 2, padding: 'same' }), 'stem'),
      reading(layers.conv2d('right', 4, 5, [3, 3], { padding: 'same', strides: 2 }), 'stem'),
      reading(plain('Concatenate', 'join', { axis: 3 }), 'left', 'right'),
      reading(layers.conv2d('mix', 9, 9, [1, 1]), 'join'),
      reading(plain('Average', 'mean'), 'join', 'mix'),
      reading(plain('Subtract', 'minus'), 'mean', 'join'),
      reading(plain('Concatenate', 'rows', { axis: 1 }), 'minus', 'mix'),
      reading(plain('Flatten', 'flat'), 'rows'),
      reading(layers.dense('dense', 288, 3), 'flat'),
    ),
  );
  expect(layerNamed(network, 'minus', 'add').coefficients).toEqual([1, -1]);
  expect(layerNamed(network, 'rows', 'concat').axis).toBe(1);
});

test('layers are found in whatever order the file has them', async () => {
  const model = functional(
    [4],
    reading(layers.dense('last', 3, 2), 'middle'),
    reading(layers.dense('middle', 4, 3), 'in'),
  );
  const network = await imported({ ...model, outputs: ['last'] });
  expect(network.layers.map(({ name }) => name)).toEqual(['middle', 'last']);
});

test('a dense layer on an image of one pixel is a dense layer', async () => {
  const network = await expectSameScores(
    sequential(
      [1, 1, 4],
      layers.dense('a', 4, 3, { activation: 'relu' }),
      plain('Flatten', 'flat'),
      layers.dense('b', 3, 2),
    ),
  );
  expect(typesOf(network)).toEqual(['reshape', 'dense', 'activation', 'reshape', 'reshape', 'dense']);
});
