import { channelSums } from '../../models/tensors/channelSums.ts';
import { arrayTensor } from '../../models/tensors/tensor.ts';
import { renderSchema } from '../../schemas/render.ts';
import { drawExplanation } from '../../services/answers/explanationPicture.ts';
import type { Explanation } from '../../services/compute/explanation.ts';
import { totalsAt, totalsOf } from '../../services/compute/relevanceTotals.ts';

const SHAPE = [2, 3, 4, 5];
const values = (seed: number) => Float32Array.from({ length: 120 }, (_, i) => Math.sin(seed + 7 * i) * 10 ** (i % 3));

/** An explanation of two items whose relevance has these values, as a whole or as it is drawn. */
function explanationOf(data: Float32Array, summed: boolean): Explanation {
  const relevance = arrayTensor(SHAPE, data);
  const totals = totalsOf(data, 2);
  const target = { index: 0, label: null, weights: null, unit: null, score: 1 };
  const items = [0, 1].map((row) => ({
    prediction: { index: 0, label: null, score: 1, probability: null, top: [] },
    values: [1],
    target,
    relevance: totalsAt(totals, row),
    ...{ conservation: null, note: null, layers: null },
  }));
  return {
    ...{ model: { name: 'm', version: '1', sha256: '' }, engine: '', method: 'gradient', options: {}, items },
    ...{ picture: null, timing_ms: { decode: 0, queue: 0, compute: 0 }, batch_size: 2, cached: true },
    relevanceShape: SHAPE,
    relevance: summed ? channelSums(relevance) : relevance,
  };
}

const bytesOf = (explanation: Explanation) =>
  drawExplanation(explanation, renderSchema.parse({ colorbar: true }))
    .image.raw()
    .toBuffer();

test.each([
  ['of both signs', values(1)],
  ['positive', values(2).map(Math.abs)],
  ['negative only before the sum', values(3).map((value, i) => (i % 60 < 20 ? -0.1 : 1 + Math.abs(value)))],
])('summed over channels before or while it is drawn, relevance that is %s looks the same', async (_, data) => {
  const whole = await bytesOf(explanationOf(data, false));
  expect(whole.equals(await bytesOf(explanationOf(data, true)))).toBe(true);
});

test('channels are summed pixel by pixel', () => {
  const data = values(4);
  const { shape, data: sums } = channelSums(arrayTensor(SHAPE, data));
  expect(shape).toEqual([2, 1, 4, 5]);
  for (const [i, sum] of sums.entries()) {
    const [n, pixel] = [Math.floor(i / 20), i % 20];
    const slow = [0, 1, 2].reduce((total, c) => total + (data[n * 60 + c * 20 + pixel] ?? 0), 0);
    expect(sum).toBeCloseTo(slow, 4);
  }
});

test('totals tell of every row, and of what is not finite', () => {
  const totals = totalsOf(Float32Array.of(1, -2, 3, 4), 2);
  expect([0, 1].map((row) => totalsAt(totals, row))).toEqual([
    { sum: -1, min: -2, max: 1 },
    { sum: 7, min: 3, max: 4 },
  ]);
  const largest = 3.4028234663852886e38;
  expect(totalsOf(Float32Array.of(largest, largest, largest), 1).every(Number.isFinite)).toBe(true);
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    expect(totalsOf(Float32Array.of(1, value, 2), 1).every(Number.isFinite)).toBe(false);
  }
  expect(totalsOf(new Float32Array(), 3)).toHaveLength(0);
});
