import { imported, typesOf } from './importedKeras.ts';
import { KerasLayers, plain } from './kerasLayers.ts';
import type { KerasModel, KerasSpec } from './kerasModel.ts';

const layers = new KerasLayers(19);

function sequential(inputShape: readonly number[], ...specs: readonly KerasSpec[]): KerasModel {
  return { kind: 'Sequential', inputShape, layers: specs };
}

describe('the output', () => {
  const trunk = [layers.dense('hidden', 4, 3, { activation: 'relu' })];

  test.each([
    ['softmax', 'softmax'],
    ['log_softmax', 'log-softmax'],
    ['sigmoid', 'sigmoid'],
    ['linear', 'none'],
  ])('ends before a final %s', async (activation, outputFunction) => {
    const network = await imported(sequential([4], ...trunk, layers.dense('end', 3, 2, { activation })));
    expect(network.layers.map(({ name }) => name)).toEqual(['hidden', 'hidden/activation', 'end']);
    expect([network.output, network.outputFunction]).toEqual([2, outputFunction]);
  });

  test('ends before a softmax layer, whose name may be given too', async () => {
    const model = sequential([4], ...trunk, layers.dense('end', 3, 2), plain('Softmax', 'probabilities'));
    for (const layer of [null, 'end', 'probabilities']) {
      const network = await imported(model, { kind: 'classification', layer });
      expect([network.layers.at(-1)?.name, network.outputFunction]).toEqual(['end', 'softmax']);
    }
  });

  test('may be a hidden layer; what lies behind it is dropped', async () => {
    const model = sequential([4], ...trunk, layers.dense('end', 3, 2, { activation: 'softmax' }));
    const network = await imported(model, { kind: 'classification', layer: 'hidden/activation' });
    expect(network.layers.map(({ name }) => name)).toEqual(['hidden', 'hidden/activation']);
    expect(network.outputFunction).toBe('none');
  });

  test('of a regression keeps its sigmoid', async () => {
    const network = await imported(sequential([4], layers.dense('end', 4, 1, { activation: 'sigmoid' })), {
      kind: 'regression',
      layer: null,
    });
    expect(typesOf(network)).toEqual(['dense', 'activation']);
  });

  test('of a fully convolutional network is flattened', async () => {
    const network = await imported(
      sequential([4, 4, 2], layers.conv2d('conv', 2, 5, [4, 4]), plain('Activation', 'p', { activation: 'softmax' })),
    );
    expect([typesOf(network), network.layers.at(-1)?.shape]).toEqual([['conv2d', 'reshape'], [5]]);
  });
});

describe('the input', () => {
  test.each([[[28 * 28]], [[28, 28]]])('of the model may be %j for a gray picture', async (inputShape) => {
    const flatten = inputShape.length > 1 ? [plain('Flatten', 'flat')] : [];
    const model = sequential(inputShape, ...flatten, layers.dense('dense', 784, 2));
    const network = await imported(model, undefined, [1, 28, 28]);
    expect([network.inputShape, typesOf(network)[0]]).toEqual([[1, 28, 28], 'reshape']);
  });

  test('of another size is refused', async () => {
    const model = sequential([6, 6, 3], layers.conv2d('conv', 3, 2, [6, 6]));
    await expect(imported(model, undefined, [3, 6, 7])).rejects.toThrow(
      'the manifest states the input shape [3, 6, 7], the model takes [6, 6, 3]',
    );
  });
});
