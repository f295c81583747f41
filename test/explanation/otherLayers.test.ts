import type { Network } from '../../models/network.ts';
import { arrayTensor, sizeOf } from '../../models/tensors/tensor.ts';
import { Rule } from '../../schemas/rules.ts';
import { seededRandom } from '../engine/random.ts';
import { ENGINES } from '../support/engines.ts';
import { distance, total } from './closeness.ts';
import { type ExplainedRow, engineOfBlock, planned, runRows } from './explainRows.ts';
import { chain, type LayerSketch, NetworkSketch, outputCount, randomTensor } from './networks.ts';
import { redistribute } from './slowRules.ts';
import { type Unrolled, unrolled } from './unrolled.ts';

const SHAPE = [2, 5, 4];

function average(geometry: object): LayerSketch {
  const none = [0, 0, 0, 0] as const;
  return { type: 'avgPool2d', kernel: [3, 2], stride: [2, 1], padding: none, counted: none, ...geometry };
}

/** Two crops of the input that overlap in it, put together again by a layer with two inputs. */
function joined(layer: LayerSketch): Network {
  const sketch = new NetworkSketch(SHAPE);
  const left = sketch.add({ type: 'crop', begin: [0, 0, 0], shape: [2, 4, 3] }, [-1]);
  const right = sketch.add({ type: 'crop', begin: [0, 1, 1], shape: [2, 4, 3] }, [-1]);
  sketch.add(layer, [left, right]);
  sketch.flatten();
  return sketch.network();
}

const affine: LayerSketch = { type: 'affine', scale: randomTensor([2], 30), offset: randomTensor([2], 31, 0.3) };

/** Layers whose rule shares by contribution: networks that are one linear map but for indices that move. */
const WEIGHTED: readonly (readonly [string, Network, Record<string, unknown>])[] = [
  ['average pooling', chain(SHAPE, [average({})]), { name: 'norm' }],
  ['average pooling, padding not counted', chain(SHAPE, [average({ padding: [1, 0, 1, 1] })]), { name: 'norm' }],
  [
    'average pooling, padding counted',
    chain(SHAPE, [average({ padding: [1, 0, 2, 1], counted: [1, 0, 1, 1] })]),
    { name: 'norm', stabiliser: 0.1 },
  ],
  ['global average pooling', chain(SHAPE, [average({ kernel: [5, 4], stride: [1, 1] })]), { name: 'norm' }],
  ['add', joined({ type: 'add', coefficients: null }), { name: 'norm' }],
  ['add with coefficients', joined({ type: 'add', coefficients: [0.5, -2] }), { name: 'norm', stabiliser: 0.1 }],
  ['affine', chain(SHAPE, [affine]), { name: 'epsilon', epsilon: 0.1 }],
  ['affine, bias zero', chain(SHAPE, [affine]), { name: 'epsilon', epsilon: 0.1, bias: 'zero' }],
];

/** Layers that only move values: relevance follows the indices. */
const ROUTING: readonly (readonly [string, Network])[] = [
  ['concat of channels', joined({ type: 'concat', axis: 0 })],
  ['concat of columns', joined({ type: 'concat', axis: 2 })],
  [
    'pad',
    chain(SHAPE, [
      {
        type: 'pad',
        padding: [
          [0, 0],
          [1, 2],
          [0, 3],
        ],
      },
    ]),
  ],
  ['crop', chain(SHAPE, [{ type: 'crop', begin: [1, 1, 0], shape: [1, 3, 4] }])],
  ['permute', chain(SHAPE, [{ type: 'permute', order: [2, 0, 1] }])],
  ['reshape', chain(SHAPE, [{ type: 'reshape', shape: [4, 10] }])],
];

function transposed({ w, inputs }: Unrolled, r: ArrayLike<number>): Float64Array {
  return Float64Array.from({ length: inputs }, (_, i) => total(w.map((row, j) => (row[i] ?? 0) * (r[j] ?? 0))));
}

describe.each(ENGINES)('layers beside the linear ones, on %s', (_engine, create) => {
  const engine = engineOfBlock(create);

  async function relevance(
    network: Network,
    rule: Record<string, unknown> | null,
    x: ArrayLike<number>,
    target: ArrayLike<number>,
  ): Promise<ExplainedRow> {
    const match = { type: rule?.['name'] === 'epsilon' ? 'affine' : network.layers.at(-2)?.type };
    const composite = rule === null ? 'epsilon' : [{ match, rule }];
    const plan = planned({ network }, 'lrp', { composite, start: 'one' });
    const [row] = await runRows(engine(), network, plan, [{ x, target }]);
    if (row === undefined) throw new Error('no row came back');
    return row;
  }

  const someRelevance = (network: Network) => randomTensor([outputCount(network)], 41).data;

  test.each(WEIGHTED)('%s shares by contribution', async (_name, network, rule) => {
    const [x, target] = [randomTensor([sizeOf(SHAPE)], 40).data, someRelevance(network)];
    const row = await relevance(network, rule, x, target);
    const expected = redistribute(Rule.parse(rule), unrolled(network), x, target, null);
    const scale = 1 + total(expected.relevance.map(Math.abs));
    expect(distance(row.relevance, expected.relevance)).toBeLessThan(1e-5);
    expect(Math.abs(row.bias - expected.bias) / scale).toBeLessThan(1e-5);
    expect(Math.abs(row.stabiliser - expected.stabiliser) / scale).toBeLessThan(1e-5);
    expect(row.dead).toBe(0);
  });

  test.each(ROUTING)(
    'relevance follows the indices of %s; what stood on padding is dropped',
    async (_name, network) => {
      const [x, target] = [randomTensor([sizeOf(SHAPE)], 42).data, someRelevance(network)];
      const row = await relevance(network, null, x, target);
      const expected = transposed(unrolled(network), target);
      expect(distance(row.relevance, expected)).toBeLessThan(1e-6);
      expect(row.dropped).toBeCloseTo(total(target) - total(expected), 5);
      expect([row.bias, row.stabiliser, row.dead]).toEqual([0, 0, 0]);
    },
  );

  test('an affine layer with rule pass leaves relevance as it is', async () => {
    const network = chain(SHAPE, [affine]);
    const composite = [{ match: { type: 'affine' }, rule: { name: 'pass' } }];
    const plan = planned({ network }, 'lrp', { composite, start: 'one' });
    const target = someRelevance(network);
    const [row] = await runRows(engine(), network, plan, [{ x: randomTensor([40], 43).data, target }]);
    expect(row?.relevance).toEqual(target);
  });

  test.each(['across', 'within'] as const)('local response normalisation %s passes relevance on', async (region) => {
    const network = chain(SHAPE, [{ type: 'lrn', region, size: 3, alpha: 0.5, beta: 0.75, k: 1 }]);
    const target = someRelevance(network);
    const row = await relevance(network, null, randomTensor([40], 44).data, target);
    expect(row.relevance).toEqual(target);
  });

  test.each([
    ['overlapping windows', { kernel: [3, 2], stride: [1, 1], padding: [0, 0, 0, 0] }],
    ['padding', { kernel: [3, 3], stride: [2, 2], padding: [1, 1, 1, 1] }],
  ] as const)('max pooling gives all to the first maximum: %s', async (_name, windows) => {
    const network = chain(SHAPE, [{ type: 'maxPool2d', ...windows }]);
    const random = seededRandom(45);
    // Few different values, most of them negative: many ties, and padding that would win were it 0.
    const x = Float32Array.from({ length: 40 }, () => -Math.floor(4 * random()) / 4);
    const target = someRelevance(network);
    const row = await relevance(network, null, x, target);
    expect(distance(row.relevance, winnersOf(windows, x, target))).toBeLessThan(1e-6);
    expect([row.bias, row.stabiliser, row.dead, row.dropped]).toEqual([0, 0, 0, 0]);
  });

  test('a value that is used twice gets the relevance of both uses', async () => {
    const sketch = new NetworkSketch([3]);
    const relu = sketch.add({ type: 'activation', function: { name: 'relu' } });
    sketch.add({ type: 'concat', axis: 0 }, [relu, relu]);
    const row = await relevance(sketch.network(), null, [1, 2, 3], [1, 10, 100, 0.5, 0.25, 0.125]);
    expect([...row.relevance]).toEqual([1.5, 10.25, 100.125]);
  });

  test('an output that does not depend on the input gets no relevance there', async () => {
    const zero = arrayTensor([2, 3], new Float32Array(6));
    const network = chain([3], [{ type: 'dense', weight: zero, bias: randomTensor([2], 46) }]);
    const plan = planned({ network }, 'lrp', { composite: 'epsilon', start: 'one' });
    const [row] = await runRows(engine(), network, plan, [{ x: [1, 2, 3], target: [1, 1] }]);
    expect([...(row?.relevance ?? [])]).toEqual([0, 0, 0]);
    expect(row?.bias).toBeCloseTo(2, 4);
  });
});

/** The relevance of every window at its first largest real cell, row by row. */
function winnersOf(
  {
    kernel,
    stride,
    padding,
  }: { kernel: readonly number[]; stride: readonly number[]; padding: readonly [number, number, number, number] },
  x: Float32Array,
  r: ArrayLike<number>,
): Float64Array {
  const [channels, height, width] = [2, 5, 4];
  const [kh = 1, kw = 1] = kernel;
  const [sh = 1, sw = 1] = stride;
  const [top, left, bottom, right] = padding;
  const relevance = new Float64Array(x.length);
  let window = 0;
  for (let c = 0; c < channels; c += 1) {
    for (let y = -top; y + kh <= height + bottom; y += sh) {
      for (let u = -left; u + kw <= width + right; u += sw) {
        let best = -1;
        for (let row = Math.max(y, 0); row < Math.min(y + kh, height); row += 1) {
          for (let column = Math.max(u, 0); column < Math.min(u + kw, width); column += 1) {
            const at = (c * height + row) * width + column;
            if (best < 0 || (x[at] ?? 0) > (x[best] ?? 0)) best = at;
          }
        }
        relevance[best] = (relevance[best] ?? 0) + (r[window] ?? 0);
        window += 1;
      }
    }
  }
  return relevance;
}
