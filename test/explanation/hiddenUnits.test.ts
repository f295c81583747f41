import { type Network, shapeAt } from '../../models/network.ts';
import { METHOD_NAMES } from '../../schemas/methods.ts';
import { unitRow } from '../../services/explanation/target.ts';
import { forward } from '../models/forward.ts';
import { at, offsetOf } from '../models/values.ts';
import { ENGINES } from '../support/engines.ts';
import { distance, isAccounted } from './closeness.ts';
import { engineOfBlock, planned, runRows } from './explainRows.ts';
import { chain } from './networks.ts';
import { centralDifferences, scoreOf } from './slowGradient.ts';
import { slowOcclusion } from './slowOcclusion.ts';
import { activation, convolution, inputOf, RECTIFIED, SMOOTH, VECTOR } from './smallNetworks.ts';

/** A unit's value, as a score: 1 at the unit, 0 elsewhere. */
function weightsOf(network: Network, layer: number, unit: readonly number[]): Float64Array {
  const shape = shapeAt(network, layer);
  const weights = new Float64Array(shape.reduce((size, side) => size * side, 1));
  weights[offsetOf(unit, shape)] = 1;
  return weights;
}

/** Where a channel is largest: the first such place, row by row. */
function maximumOf(network: Network, layer: number, channel: number, x: ArrayLike<number>): readonly number[] {
  const { shape, data } = at(forward(network, x), layer);
  const [, ...plane] = shape;
  const cells = plane.reduce((size, side) => size * side, 1);
  const own = data.subarray(channel * cells, (channel + 1) * cells);
  const best = own.indexOf(Math.max(...own));
  const [, width = 1] = plane;
  return plane.length === 2 ? [channel, Math.floor(best / width), best % width] : [channel, best];
}

/** Layers of SMOOTH and a unit of each. */
const UNITS: readonly (readonly [number, readonly number[]])[] = [
  [0, [2, 0, 3]],
  [1, [0, 3, 1]],
  [2, [1, 1, 0]],
  [3, [7]],
  [4, [4]],
  [5, [0]],
];

describe.each(ENGINES)('hidden units as targets, on %s', (_engine, create) => {
  const engine = engineOfBlock(create);

  test.each(UNITS)('the gradient of a unit of layer %i, %j, is that of its value', async (unit, place) => {
    const x = inputOf(SMOOTH, 240);
    const plan = planned({ network: SMOOTH, unit }, 'gradient');
    const [row] = await runRows(engine(), SMOOTH, plan, [{ x, target: unitRow(shapeAt(SMOOTH, unit), place) }]);
    const f = scoreOf(SMOOTH, weightsOf(SMOOTH, unit, place), unit);
    expect(row?.explained).toBeCloseTo(f(x), 5);
    expect(distance(row?.relevance ?? [], centralDifferences(f, x))).toBeLessThan(1e-5);
    expect(distance(row?.scores ?? [], at(forward(SMOOTH, x), SMOOTH.output).data)).toBeLessThan(1e-5);
  });

  test('without a position the unit is the one with the largest value of its channel, in every row another', async () => {
    const rows = [241, 242, 243, 244].map((seed) => inputOf(SMOOTH, seed));
    for (const unit of [0, 2]) {
      const target = unitRow(shapeAt(SMOOTH, unit), [1]);
      const plan = planned({ network: SMOOTH, unit }, 'gradient');
      const explained = await runRows(
        engine(),
        SMOOTH,
        plan,
        rows.map((x) => ({ x, target })),
      );
      const places = rows.map((x) => maximumOf(SMOOTH, unit, 1, x));
      expect(new Set(places.map(String)).size).toBeGreaterThan(1);
      explained.forEach(({ relevance, explained: value }, i) => {
        const x = at(rows, i);
        const f = scoreOf(SMOOTH, weightsOf(SMOOTH, unit, at(places, i)), unit);
        expect(value).toBeCloseTo(f(x), 5);
        expect(distance(relevance, centralDifferences(f, x))).toBeLessThan(1e-5);
      });
    }
  });

  test('among equal values it is the first one', async () => {
    const network = chain([2, 2, 3], [activation('relu')]);
    const x = [9, 9, 9, 9, 9, 9, 0, 4, 1, 4, 4, 2];
    const plan = planned({ network, unit: 0 }, 'gradient');
    const [row] = await runRows(engine(), network, plan, [{ x, target: unitRow([2, 2, 3], [1]) }]);
    expect([...(row?.relevance ?? [])]).toEqual([0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]);
  });

  test('of a layer of shape [channels, length], too', async () => {
    const network = chain([6], [{ type: 'reshape', shape: [2, 3] }, activation('tanh')]);
    const x = [0.1, 0.2, 0.3, 0.4, 0.9, 0.6];
    const plan = planned({ network, unit: 1 }, 'gradient');
    const slope = (i: number) => 1 - Math.tanh(x[i] ?? 0) ** 2;
    for (const [place, expected] of [
      [[1], [0, 0, 0, 0, slope(4), 0]],
      [
        [0, 1],
        [0, slope(1), 0, 0, 0, 0],
      ],
    ] as const) {
      const [row] = await runRows(engine(), network, plan, [{ x, target: unitRow([2, 3], place) }]);
      expect(distance(row?.relevance ?? [], expected)).toBeLessThan(1e-6);
    }
  });

  test('a position that was found stays while the input is varied', async () => {
    const x = inputOf(SMOOTH, 245);
    const channel = 1;
    const place = maximumOf(SMOOTH, 0, channel, x);
    const [free, fixed] = [unitRow([3, 4, 4], [channel]), unitRow([3, 4, 4], place)];
    for (const [method, options] of [
      ['integrated-gradients', { baseline: 2, steps: 4 }],
      ['smoothgrad', { sigma: 2, n: 6 }],
      ['occlusion', { window: 3, fill: -4 }],
      ['taylor', { root: 'line' }],
    ] as const) {
      const plan = planned({ network: SMOOTH, unit: 0 }, method, options);
      const [found] = await runRows(engine(), SMOOTH, plan, [{ x, target: free }]);
      const [given] = await runRows(engine(), SMOOTH, plan, [{ x, target: fixed }]);
      expect(found).toEqual(given);
    }
    const f = scoreOf(SMOOTH, weightsOf(SMOOTH, 0, place), 0);
    const plan = planned({ network: SMOOTH, unit: 0 }, 'occlusion', { window: 3, fill: -4 });
    const [row] = await runRows(engine(), SMOOTH, plan, [{ x, target: free }]);
    const expected = slowOcclusion(f, x, [2, 4, 4], [3, 3], [1, 1], new Float64Array(32).fill(-4));
    expect(distance(row?.relevance ?? [], expected)).toBeLessThan(1e-5);
  });

  test.each(['epsilon', 'epsilon-plus', 'alpha2-beta1'])(
    'LRP by %s starts with the value of the unit, and adds up',
    async (composite) => {
      const x = inputOf(RECTIFIED, 246);
      for (const [unit, place] of [
        [0, [1, 2, 3]],
        [3, [0, 1, 1]],
        [6, [2]],
        [7, [4]],
      ] as const) {
        const plan = planned({ network: RECTIFIED, unit }, 'lrp', { composite });
        const [row] = await runRows(engine(), RECTIFIED, plan, [
          { x, target: unitRow(shapeAt(RECTIFIED, unit), place) },
        ]);
        const value = scoreOf(RECTIFIED, weightsOf(RECTIFIED, unit, place), unit)(x);
        expect(row?.start).toBeCloseTo(value, 4);
        expect(row?.explained).toBeCloseTo(value, 4);
        expect(row !== undefined && isAccounted(row)).toBe(true);
      }
    },
  );

  test.each([true, false])('deep Taylor of a unit lies in its receptive field, with a box: %s', async (boxed) => {
    // Two convolutions of 3 × 3: the unit at [1, 4] sees rows −1 to 3 and columns 2 to 6 of 8 × 8.
    const network = chain(
      [1, 8, 8],
      [convolution(1, 3, 247), activation('relu'), convolution(3, 2, 249), activation('relu')],
    );
    const x = inputOf(network, 251);
    const plan = planned({ network, unit: 3, box: boxed ? { low: -1, high: 1 } : null }, 'deep-taylor', {
      start: 'one',
    });
    const [row] = await runRows(engine(), network, plan, [{ x, target: unitRow([2, 8, 8], [0, 1, 4]) }]);
    const outside = (i: number) => i >= 32 || i % 8 < 2 || i % 8 > 6;
    const relevance = row?.relevance ?? new Float32Array();
    expect(relevance.every((r, i) => (outside(i) ? r === 0 : r >= 0))).toBe(true);
    expect(relevance.filter((r) => r > 0).length).toBe(20);
  });

  test('a unit may be explained at a layer before it', async () => {
    const x = inputOf(VECTOR, 252);
    const plan = planned({ network: VECTOR, unit: 1, layer: 0 }, 'gradient');
    const [row] = await runRows(engine(), VECTOR, plan, [{ x, target: unitRow([5], [3]) }]);
    const z = at(forward(VECTOR, x), 0).data;
    expect(
      distance(
        row?.relevance ?? [],
        z.map((v, i) => (i === 3 ? 1 - Math.tanh(v) ** 2 : 0)),
      ),
    ).toBeLessThan(1e-5);
  });

  test.each(METHOD_NAMES)('%s explains hidden units and contrasts', async (method) => {
    const x = inputOf(RECTIFIED, 253);
    const unit = planned({ network: RECTIFIED, unit: 3 }, method);
    const target = unitRow(shapeAt(RECTIFIED, 3), maximumOf(RECTIFIED, 3, 1, x));
    const [hidden] = await runRows(engine(), RECTIFIED, unit, [{ x, target }]);
    expect(hidden?.explained).toBeCloseTo(Math.max(...at(forward(RECTIFIED, x), 3).data.subarray(9)), 4);
    const contrast = planned({ network: RECTIFIED }, method);
    const [row] = await runRows(engine(), RECTIFIED, contrast, [{ x, target: [1, 0, -1] }]);
    expect(row?.explained).toBeCloseTo((row?.scores[0] ?? Number.NaN) - (row?.scores[2] ?? Number.NaN), 4);
    for (const explained of [hidden, row]) {
      expect(explained?.relevance.length).toBe(72);
      expect(explained?.relevance.every(Number.isFinite)).toBe(true);
      expect(explained?.relevance.some((r) => r !== 0)).toBe(true);
    }
  });
});
