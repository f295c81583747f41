import type { Box } from '../../models/preprocessing/pixels.ts';
import { arrayTensor } from '../../models/tensors/tensor.ts';
import { ENGINES } from '../support/engines.ts';
import { distance, total } from './closeness.ts';
import { engineOfBlock, planned, runRows } from './explainRows.ts';
import { chain } from './networks.ts';
import { centralDifferences, type Score, scoreOf } from './slowGradient.ts';
import { activation, dense, inputOf, LINEAR, RECTIFIED, SMOOTH } from './smallNetworks.ts';

const BOX: Box = { low: -1, high: 1 };

/** The first zero of f along −sgn(f)·∇f from x, every value held in the box: small steps, then bisection, in float64. */
function rootOf(f: Score, x: Float32Array, box: Box | null): Float64Array {
  const sign = Math.sign(f(x));
  const slope = centralDifferences(f, x);
  const [low, high] = [Number(box?.low ?? Number.NEGATIVE_INFINITY), Number(box?.high ?? Number.POSITIVE_INFINITY)];
  const at = (t: number) =>
    Float64Array.from(x, (v, i) => Math.min(Math.max(v - sign * t * (slope[i] ?? 0), low), high));
  const step = Math.abs(f(x)) / total(slope.map((d) => d * d)) / 40;
  let [inside, outside] = [0, step];
  while (f(at(outside)) * sign > 0) {
    if (outside > 4000 * step) throw new Error('the test expects a root');
    [inside, outside] = [outside, outside + step];
  }
  for (let halving = 0; halving < 50; halving += 1) {
    const middle = (inside + outside) / 2;
    if (f(at(middle)) * sign > 0) inside = middle;
    else outside = middle;
  }
  return at(outside);
}

describe.each(ENGINES)('Taylor decomposition on %s', (_engine, create) => {
  const engine = engineOfBlock(create);

  test.each([
    ['a positive score', [0, 1, 0], null],
    ['a negative score', [0, -1, 0], null],
    ['a positive score, in the box', [0, 1, 0], BOX],
    ['a negative score, in the box', [0, -1, 0], BOX],
    ['a contrast, in the box', [1, 0, -1], BOX],
  ])('at the nearest root along the gradient: %s', async (_what, target, box) => {
    const x = inputOf(SMOOTH, 210);
    const f = scoreOf(SMOOTH, target);
    const plan = planned({ network: SMOOTH, box }, 'taylor', { root: 'line' });
    const [row] = await runRows(engine(), SMOOTH, plan, [{ x, target }]);
    const root = rootOf(f, x, box);
    expect(f(root)).toBeCloseTo(0, 10);
    if (box !== null) expect(root.every((v) => v >= -1 && v <= 1)).toBe(true);
    const expected = centralDifferences(f, root).map((d, i) => d * ((x[i] ?? 0) - (root[i] ?? 0)));
    expect(distance(row?.relevance ?? [], expected)).toBeLessThan(1e-4);
    // f(x) − f(x̃), as the engine computed it: f(x̃) is 0.
    expect(row?.start).toBeCloseTo(f(x), 5);
    expect(row?.explained).toBeCloseTo(f(x), 5);
  });

  test.each([
    ['freely', null],
    ['in a box', BOX],
    ['in a box of bounds by channel', { low: [-1, -0.9], high: [0.95, 1] }],
  ] as const)('on a linear network the terms are those to the root, %s, and add up to the score', async (_how, box) => {
    // Inputs near the bounds: most steps down the gradient end there.
    const x = inputOf(LINEAR, 211).map((v) => Math.max(Math.min(1.6 * v, 0.95), -0.9));
    for (const target of [
      [1, 0, 0],
      [0, 0, 1],
      [0.5, -1, 0],
    ]) {
      const f = scoreOf(LINEAR, target);
      const plan = planned({ network: LINEAR, box }, 'taylor', { root: 'line' });
      const [row] = await runRows(engine(), LINEAR, plan, [{ x, target }]);
      const slope = centralDifferences(f, x);
      const root = Float64Array.from(x, (v, i) => v - (row?.relevance[i] ?? Number.NaN) / (slope[i] ?? 0));
      expect(Math.abs(f(root))).toBeLessThan(1e-4);
      expect(total(row?.relevance ?? [])).toBeCloseTo(f(x), 4);
      expect(row?.start).toBeCloseTo(f(x), 4);
      if (box === null) continue;
      root.forEach((v, i) => {
        const [low, high] = [box.low, box.high].map((side) => (typeof side === 'number' ? side : side[i < 16 ? 0 : 1]));
        expect(v).toBeGreaterThanOrEqual((low ?? Number.NaN) - 1e-4);
        expect(v).toBeLessThanOrEqual((high ?? Number.NaN) + 1e-4);
      });
    }
  });

  test('where the score is 0 the input is the root, and nothing is left to explain', async () => {
    const network = chain([4], [dense(4, 3, 212, false), activation('tanh')]);
    const plan = planned({ network }, 'taylor', { root: 'line' });
    const [row] = await runRows(engine(), network, plan, [{ x: [0, 0, 0, 0], target: [1, 0, 0] }]);
    expect(row).toMatchObject({ start: 0, explained: 0 });
    expect(total(row?.relevance.map(Math.abs) ?? [])).toBe(0);
  });

  test('every item of a batch has a root of its own, however few rows run together', async () => {
    const rows = [213, 214, 215].map((seed) => ({ x: inputOf(SMOOTH, seed) }));
    const plan = planned({ network: SMOOTH }, 'taylor', { root: 'line' });
    const together = await runRows(engine(), SMOOTH, plan, rows);
    for (const [i, row] of rows.entries()) {
      const [alone] = await runRows(engine(), SMOOTH, plan, [row], { maxBatch: 1 });
      expect(distance(together[i]?.relevance ?? [], alone?.relevance ?? [])).toBeLessThan(1e-4);
    }
  });

  test.each([
    ['because the box holds none', { low: 0.5, high: 0.6 }, [0.55, 0.55], 'inside the model'],
    ['because the gradient is 0', null, [-1, -1], 'along the gradient'],
  ])('without a root it is refused, naming the item, %s', async (_why, box, x, detail) => {
    // f = max(a + b, 0) + 0.5, with a root nowhere, but for a weight of −1: then at a + b = 0.5.
    const network = chain(
      [2],
      [
        { type: 'dense', weight: arrayTensor([1, 2], Float32Array.of(1, 1)), bias: null },
        activation('relu'),
        {
          type: 'dense',
          weight: arrayTensor([2, 1], Float32Array.of(1, -1)),
          bias: arrayTensor([2], Float32Array.of(0.5, 0.5)),
        },
      ],
    );
    const plan = planned({ network, box }, 'taylor', { root: 'line' });
    const fine = { x: [0.3, 0.3], target: [0, 1] };
    const rows = box === null ? [fine, { x, target: [1, 0] }] : [{ x, target: [1, 0] }];
    await expect(runRows(engine(), network, plan, rows)).rejects.toMatchObject({
      code: 'not-applicable',
      message: expect.stringMatching(`${detail}.* item ${rows.length - 1};`),
      faults: [{ pointer: '/options/root' }],
    });
  });

  test('at the root 0 it is gradient × input', async () => {
    const row = { x: inputOf(RECTIFIED, 216), target: [1, 0, 1] };
    const [product] = await runRows(engine(), RECTIFIED, planned({ network: RECTIFIED }, 'gradient-times-input'), [
      row,
    ]);
    const plan = planned({ network: RECTIFIED }, 'taylor');
    expect(plan.options).toEqual({ root: 'zero' });
    expect(await runRows(engine(), RECTIFIED, plan, [row])).toEqual([product]);
  });
});
