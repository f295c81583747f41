import type { Network } from '../../models/network.ts';
import type { Bound, Box } from '../../models/preprocessing/pixels.ts';
import { arrayTensor, type Shape, sizeOf } from '../../models/tensors/tensor.ts';
import { Rule } from '../../schemas/rules.ts';
import { seededRandom } from '../engine/random.ts';
import { ENGINES } from '../support/engines.ts';
import { distance } from './closeness.ts';
import { engineOfBlock, planned, runRows } from './explainRows.ts';
import { bare, CONVOLUTION, LINEAR_CASES } from './linearCases.ts';
import { chain, outputCount, randomTensor } from './networks.ts';
import { redistribute } from './slowRules.ts';
import { unrolled } from './unrolled.ts';

/** A bound of every input element. */
function bounds(bound: Bound, shape: Shape): Float64Array {
  const size = sizeOf(shape);
  const [channels = 1] = shape;
  return Float64Array.from({ length: size }, (_, i) => {
    if (typeof bound === 'number') return bound;
    return bound[bound.length === size ? i : Math.floor((i * channels) / size)] ?? Number.NaN;
  });
}

/** Inputs inside a box; the last row lies on its corners. */
function inputsIn(box: Box, shape: Shape): readonly Float32Array[] {
  const random = seededRandom(5);
  const [low, high] = [bounds(box.low, shape), bounds(box.high, shape)];
  return [false, false, true].map((corner) =>
    Float32Array.from(low, (l, i) => {
      const place = corner ? Math.round(random()) : random();
      return l + place * ((high[i] ?? Number.NaN) - l);
    }),
  );
}

function boxes({ inputShape }: Network): readonly (readonly [string, Box])[] {
  const [channels = 0] = inputShape;
  const size = sizeOf(inputShape);
  const falling = (start: number, count: number) => Array.from({ length: count }, (_, i) => start - 0.25 * i);
  return [
    ['one number', { low: -1, high: 1.5 }],
    ['one per channel', { low: falling(-0.5, channels), high: falling(3, channels) }],
    ['one per element', { low: randomTensor([size], 6).data, high: randomTensor([size], 7).data.map((v) => v + 2) }],
  ];
}

/** What the rule gives when its formula is followed. */
function expectedOf(network: Network, box: Box, x: Float32Array, target: readonly number[]): Float64Array {
  const { inputShape } = network;
  const sides = { low: bounds(box.low, inputShape), high: bounds(box.high, inputShape) };
  return redistribute(Rule.parse({ name: 'z-box' }), unrolled(network), x, target, sides).relevance;
}

describe.each(ENGINES)('rule z-box on %s', (_engine, create) => {
  const engine = engineOfBlock(create);

  async function expectFormula(network: Network, own: Box | null, rule: object, box: Box): Promise<void> {
    const plan = planned({ network, box: own }, 'lrp', {
      composite: [{ match: { first: true }, rule }],
      start: 'one',
    });
    const rows = inputsIn(box, network.inputShape).map((x, row) => ({
      x,
      target: Array.from({ length: outputCount(network) }, (_, j) => 0.2 + ((7 * j + row) % 5)),
    }));
    const explained = await runRows(engine(), network, plan, rows);
    explained.forEach(({ relevance }, row) => {
      const { x = new Float32Array(), target = [] } = rows[row] ?? {};
      expect(distance(relevance, expectedOf(network, box, x, target))).toBeLessThan(1e-5);
    });
  }

  describe.each(Object.entries(LINEAR_CASES))('%s', (_name, linear) => {
    const network = bare(linear);

    test.each(boxes(network))("in the model's box, %s", (_kind, box) =>
      expectFormula(network, box, { name: 'z-box' }, box),
    );
  });

  const network = bare(CONVOLUTION);

  test.each(boxes(network).slice(0, 2))("in a box of the request, %s, whatever the model's is", (_kind, box) =>
    expectFormula(network, { low: -9, high: 9 }, { name: 'z-box', low: box.low, high: box.high }, box),
  );

  test('behind an affine layer, in the box that the layer makes of it', async () => {
    const scale = arrayTensor([2], Float32Array.of(2, -0.5));
    const offset = arrayTensor([2], Float32Array.of(0.5, 1));
    const whole = chain(CONVOLUTION.inputShape, [{ type: 'affine', scale, offset }, CONVOLUTION.layer]);
    const composite = [
      { match: { type: 'affine' }, rule: { name: 'pass' } },
      { match: { first: true }, rule: { name: 'z-box' } },
    ];
    const plan = planned({ network: whole, box: { low: [-1, 0], high: [1, 4] } }, 'lrp', { composite, start: 'one' });
    const [x = new Float32Array()] = inputsIn({ low: [-1, 0], high: [1, 4] }, CONVOLUTION.inputShape);
    const target = Array.from({ length: outputCount(whole) }, (_, j) => 1 + (j % 3));
    const [row] = await runRows(engine(), whole, plan, [{ x, target }]);
    const seen = x.map((value, i) => (i < 20 ? 2 * value + 0.5 : 1 - 0.5 * value));
    const expected = expectedOf(network, { low: [-1.5, -1], high: [2.5, 1] }, seen, target);
    expect(distance(row?.relevance ?? [], expected)).toBeLessThan(1e-5);
  });

  test('a unit whose inputs all lie in the corner that it is 0 in is dead, and nothing gets lost besides', async () => {
    const weight = arrayTensor([2, 5], Float32Array.of(0.3, 0.7, 0.11, 0.9, 0.05, 0.3, -0.7, 0.11, 0.9, 0.05));
    const dense = chain([5], [{ type: 'dense', weight, bias: randomTensor([2], 9) }]);
    const plan = planned({ network: dense, box: { low: 0, high: 1 } }, 'lrp', {
      composite: [{ match: { first: true }, rule: { name: 'z-box' } }],
      start: 'one',
    });
    const [row] = await runRows(engine(), dense, plan, [{ x: [0, 0, 0, 0, 0], target: [2, 3] }]);
    const { relevance = [], start = 0, dead = 0, stabiliser = 0 } = row ?? {};
    expect(start).toBe(5);
    expect(dead + stabiliser).toBeCloseTo(2, 4);
    expect(distance(relevance, [0, 3, 0, 0, 0])).toBeLessThan(1e-5);
  });
});
