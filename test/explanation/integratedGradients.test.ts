import type { Network } from '../../models/network.ts';
import { ENGINES } from '../support/engines.ts';
import { distance, total } from './closeness.ts';
import { engineOfBlock, planned, runRows } from './explainRows.ts';
import { centralDifferences, type Score, scoreOf } from './slowGradient.ts';
import { BINARY, FLAT_SIGNAL, inputOf, LINEAR, RECTIFIED, SIGNAL, SMOOTH, VECTOR } from './smallNetworks.ts';

/** Points and weights on [0, 1], as textbooks have them. */
const QUADRATURES: readonly (readonly [string, number, readonly (readonly [number, number])[]])[] = [
  ['right-riemann', 3, [1 / 3, 2 / 3, 1].map((t) => [t, 1 / 3])],
  [
    'trapezoid',
    3,
    [
      [0, 1 / 6],
      [1 / 3, 1 / 3],
      [2 / 3, 1 / 3],
      [1, 1 / 6],
    ],
  ],
  [
    'gauss-legendre',
    3,
    [
      [(1 - Math.sqrt(0.6)) / 2, 5 / 18],
      [1 / 2, 8 / 18],
      [(1 + Math.sqrt(0.6)) / 2, 5 / 18],
    ],
  ],
];

/** (x − b) ⊙ Σ weight · ∇f(b + t (x − b)) */
function byPoints(
  f: Score,
  x: Float32Array,
  base: ArrayLike<number>,
  points: readonly (readonly [number, number])[],
): Float64Array {
  const from = Array.from(base);
  const mean = new Float64Array(x.length);
  for (const [t, weight] of points) {
    const at = Float64Array.from(x, (value, i) => (from[i] ?? 0) + t * (value - (from[i] ?? 0)));
    centralDifferences(f, at).forEach((d, i) => {
      mean[i] = (mean[i] ?? 0) + weight * d;
    });
  }
  return mean.map((d, i) => d * ((x[i] ?? 0) - (from[i] ?? 0)));
}

/** A baseline as a client names it, and the input that it stands for. */
function baselines({ inputShape }: Network, mean: Float32Array): readonly (readonly [unknown, ArrayLike<number>])[] {
  const [channels = 0] = inputShape;
  const list = Array.from({ length: channels }, (_, c) => 0.5 - 0.25 * c);
  const cells = mean.length / channels;
  return [
    [0, new Float64Array(mean.length)],
    [-0.75, new Float64Array(mean.length).fill(-0.75)],
    [list, Float64Array.from(mean, (_, i) => list[Math.floor(i / cells)] ?? Number.NaN)],
    ['mean', mean],
  ];
}

describe.each(ENGINES)('integrated gradients on %s', (_engine, create) => {
  const engine = engineOfBlock(create);

  test.each(QUADRATURES)(
    '%s adds up gradients at its points, from every kind of baseline',
    async (name, steps, points) => {
      for (const network of [SMOOTH, FLAT_SIGNAL, VECTOR]) {
        const [x, mean, target] = [inputOf(network, 140), inputOf(network, 141), [1, -0.5, 2]];
        const f = scoreOf(network, target);
        for (const [baseline, base] of baselines(network, mean)) {
          const options = { baseline, steps, quadrature: name };
          const plan = planned({ network, mean }, 'integrated-gradients', options);
          expect(plan.options).toEqual(options);
          const [row] = await runRows(engine(), network, plan, [{ x, target }]);
          expect(distance(row?.relevance ?? [], byPoints(f, x, base, points))).toBeLessThan(1e-5);
          expect(row?.start).toBeCloseTo(f(x) - f(base), 5);
          expect(row?.explained).toBeCloseTo(f(x), 5);
        }
      }
    },
  );

  test.each([
    ['right-riemann', 300, 1e-2],
    ['trapezoid', 300, 1e-4],
    ['gauss-legendre', 8, 1e-5],
  ])('%s: the relevance adds up to f(x) − f(baseline), ever nearer with more steps', async (name, most, error) => {
    const [x, target] = [inputOf(SMOOTH, 142), [0, 1, 0]];
    const errors: number[] = [];
    for (const steps of [1, most]) {
      const options = { baseline: 0.25, steps, quadrature: name };
      const [row] = await runRows(engine(), SMOOTH, planned({ network: SMOOTH }, 'integrated-gradients', options), [
        { x, target },
      ]);
      errors.push(Math.abs(total(row?.relevance ?? []) - (row?.start ?? Number.NaN)));
    }
    expect(errors[1]).toBeLessThan(error);
    expect(errors[1]).toBeLessThan(0.1 * (errors[0] ?? 0));
  });

  test('one step of any quadrature is exact on a linear network', async () => {
    const [x, target] = [inputOf(LINEAR, 143), [0, 0, 1]];
    for (const name of ['right-riemann', 'trapezoid', 'gauss-legendre']) {
      const plan = planned({ network: LINEAR }, 'integrated-gradients', { steps: 1, quadrature: name, baseline: -1 });
      const [row] = await runRows(engine(), LINEAR, plan, [{ x, target }]);
      expect(total(row?.relevance ?? [])).toBeCloseTo(row?.start ?? Number.NaN, 4);
    }
  });

  test.each([
    ['rectified', RECTIFIED],
    ['of a signal', SIGNAL],
  ])('the prediction of the input is explained all along the path, network %s', async (_kind, network) => {
    const rows = [144, 145, 146, 147].map((seed) => ({ x: inputOf(network, seed) }));
    const plan = planned({ network }, 'integrated-gradients', { steps: 5, baseline: 1 });
    const free = await runRows(engine(), network, plan, rows, { maxBatch: 3 });
    const fixed = free.map(({ scores }, row) => {
      const best = scores.indexOf(Math.max(...scores));
      return { x: rows[row]?.x ?? [], target: [0, 1, 2].map((k) => +(k === best)) };
    });
    const named = await runRows(engine(), network, plan, fixed, { maxBatch: 3 });
    expect(free).toEqual(named);
  });

  test('the class that the input belongs to is explained all along the path, of a single sigmoid output', async () => {
    const rows = [148, 149, 150, 151, 152].map((seed) => ({ x: inputOf(BINARY, seed).map((v) => 2 * v) }));
    const plan = planned({ network: BINARY }, 'integrated-gradients', { steps: 4 });
    const free = await runRows(engine(), BINARY, plan, rows);
    const signs = free.map(({ scores: [score = 0] }) => (score > 0 ? 1 : -1));
    expect(new Set(signs).size).toBe(2);
    const named = await runRows(
      engine(),
      BINARY,
      plan,
      rows.map(({ x }, row) => ({ x, target: [signs[row] ?? 0] })),
    );
    expect(free).toEqual(named);
    free.forEach(({ explained, scores: [score = 0] }) => {
      expect(explained).toBe(Math.abs(score));
    });
  });
});

test.each([
  [[0, 0, 0], /list of 2 \(one per channel\).*received a list of 3/],
  ['mean', /needs a model with class means/],
])('the baseline %j is refused where it does not fit the model', (baseline, message) => {
  expect(() => planned({ network: SMOOTH }, 'integrated-gradients', { baseline })).toThrow(message);
});
