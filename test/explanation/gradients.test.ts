import type { ActivationFunction, Network } from '../../models/network.ts';
import { sizeOf } from '../../models/tensors/tensor.ts';
import { scoresOf } from '../models/forward.ts';
import { ENGINES } from '../support/engines.ts';
import { distance } from './closeness.ts';
import { engineOfBlock, planned, runRows } from './explainRows.ts';
import { LINEAR_CASES } from './linearCases.ts';
import { chain, type LayerSketch, NetworkSketch, outputCount, randomTensor } from './networks.ts';
import { centralDifferences, scoreOf } from './slowGradient.ts';

const IMAGE = [3, 4, 5];
const NO_PADDING = [0, 0, 0, 0] as const;

const FUNCTIONS: readonly ActivationFunction[] = [
  { name: 'relu' },
  { name: 'sigmoid' },
  { name: 'tanh' },
  { name: 'softplus' },
  { name: 'softsign' },
  { name: 'selu' },
  { name: 'exp' },
  { name: 'abs' },
  { name: 'power', exponent: 2 },
  { name: 'power', exponent: 3 },
  { name: 'leakyRelu', alpha: 0.2 },
  { name: 'elu', alpha: 1.3 },
  { name: 'clip', low: 0, high: 1 },
  { name: 'clip', low: -0.5, high: 0.75 },
  { name: 'prelu', slope: randomTensor([3], 50) },
];

/** Functions that are only defined above zero, behind one that is always there. */
const ABOVE_ZERO: readonly ActivationFunction[] = [
  { name: 'log' },
  { name: 'power', exponent: 0.5 },
  { name: 'power', exponent: -1.5 },
];

const SOFTPLUS: LayerSketch = { type: 'activation', function: { name: 'softplus' } };

const LAYERS: Readonly<Record<string, LayerSketch>> = {
  affine: { type: 'affine', scale: randomTensor([3], 51), offset: randomTensor([3], 52) },
  'max pooling': { type: 'maxPool2d', kernel: [3, 3], stride: [2, 2], padding: [1, 1, 1, 1] },
  'max pooling of overlapping windows': { type: 'maxPool2d', kernel: [2, 3], stride: [1, 1], padding: NO_PADDING },
  'average pooling': { type: 'avgPool2d', kernel: [2, 3], stride: [1, 2], padding: NO_PADDING, counted: NO_PADDING },
  'average pooling, padding partly counted': {
    type: 'avgPool2d',
    kernel: [3, 3],
    stride: [2, 2],
    padding: [1, 1, 2, 2],
    counted: [1, 0, 1, 1],
  },
  'normalisation across channels': { type: 'lrn', region: 'across', size: 3, alpha: 0.8, beta: 0.75, k: 1.5 },
  'normalisation across an even number of channels': {
    type: 'lrn',
    region: 'across',
    size: 2,
    alpha: 0.8,
    beta: 0.5,
    k: 1,
  },
  'normalisation within a channel': { type: 'lrn', region: 'within', size: 3, alpha: 2, beta: 0.75, k: 1 },
  reshape: { type: 'reshape', shape: [5, 12] },
  permute: { type: 'permute', order: [1, 2, 0] },
  crop: { type: 'crop', begin: [1, 0, 2], shape: [2, 3, 2] },
  pad: {
    type: 'pad',
    padding: [
      [1, 0],
      [0, 2],
      [1, 1],
    ],
  },
};

/** The layer, then a nonlinear function of all its outputs, so that gradients depend on where they are taken. */
function followed(inputShape: readonly number[], layer: LayerSketch): Network {
  return chain(inputShape, [layer, { type: 'activation', function: { name: 'tanh' } }]);
}

function branching(): Network {
  const sketch = new NetworkSketch(IMAGE);
  const tanh = sketch.add({ type: 'activation', function: { name: 'tanh' } });
  const sum = sketch.add({ type: 'add', coefficients: [0.5, -2] }, [tanh, -1]);
  const concat = sketch.add({ type: 'concat', axis: 1 }, [sum, tanh]);
  sketch.add({ type: 'activation', function: { name: 'sigmoid' } }, [concat]);
  sketch.flatten();
  return sketch.network();
}

const NETWORKS: readonly (readonly [string, Network])[] = [
  ...Object.entries(LINEAR_CASES).map(([name, { inputShape, layer }]) => [name, followed(inputShape, layer)] as const),
  ...Object.entries(LAYERS).map(([name, layer]) => [name, followed(IMAGE, layer)] as const),
  ...FUNCTIONS.map(
    (fn) => [JSON.stringify(fn).slice(0, 40), chain(IMAGE, [{ type: 'activation', function: fn }])] as const,
  ),
  ...ABOVE_ZERO.map(
    (fn) => [JSON.stringify(fn), chain(IMAGE, [SOFTPLUS, { type: 'activation', function: fn }])] as const,
  ),
  ['values used twice, add with coefficients, concat', branching()],
];

describe.each(ENGINES)('gradients on %s', (_engine, create) => {
  const engine = engineOfBlock(create);

  test.each(NETWORKS)('%s: the gradient is that of central differences', async (_name, network) => {
    const size = sizeOf(network.inputShape);
    const rows = [60, 61].map((seed) => ({
      x: randomTensor([size], seed, 1.5).data,
      target: randomTensor([outputCount(network)], seed + 10).data,
    }));
    const explained = await runRows(engine(), network, planned({ network }, 'gradient'), rows);
    rows.forEach(({ x, target }, row) => {
      expect(distance(explained[row]?.relevance ?? [], centralDifferences(scoreOf(network, target), x))).toBeLessThan(
        1e-5,
      );
      expect(distance(explained[row]?.scores ?? [], scoresOf(network, x))).toBeLessThan(1e-6);
    });
  });

  test('sensitivity is the square of the gradient, and gradient-times-input its product with the input', async () => {
    const network = branching();
    const row = { x: randomTensor([60], 62).data, target: randomTensor([outputCount(network)], 63).data };
    const [gradient, sensitivity, product] = await Promise.all(
      (['gradient', 'sensitivity', 'gradient-times-input'] as const).map(async (method) => {
        const [explained] = await runRows(engine(), network, planned({ network }, method), [row]);
        return explained?.relevance ?? new Float32Array();
      }),
    );
    expect(sensitivity).toEqual(gradient?.map((g) => g * g));
    expect(product).toEqual(gradient?.map((g, i) => g * (row.x[i] ?? 0)));
  });

  test('the gradient at the kink of a ReLU is 0, and at the first of equal maxima 1', async () => {
    const relu = chain([2], [{ type: 'activation', function: { name: 'relu' } }]);
    const [kink] = await runRows(engine(), relu, planned({ network: relu }, 'gradient'), [
      { x: [0, 1], target: [1, 1] },
    ]);
    expect([...(kink?.relevance ?? [])]).toEqual([0, 1]);
    const pool = chain([1, 1, 3], [{ type: 'maxPool2d', kernel: [1, 3], stride: [1, 1], padding: NO_PADDING }]);
    const [tie] = await runRows(engine(), pool, planned({ network: pool }, 'gradient'), [
      { x: [1, 2, 2], target: [1] },
    ]);
    expect([...(tie?.relevance ?? [])]).toEqual([0, 1, 0]);
  });
});
