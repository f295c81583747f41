import { ENGINES } from '../support/engines.ts';
import { distance, greatestDifference, total } from './closeness.ts';
import { engineOfBlock, planned, runRows } from './explainRows.ts';
import { chain } from './networks.ts';
import { inputOf, LINEAR, RECTIFIED, SMOOTH, VECTOR } from './smallNetworks.ts';

/** f = Σ max(x_i, 0): the derivative says on which side of 0 a noisy copy of x_i fell. */
const THRESHOLDS = chain([2000], [{ type: 'activation', function: { name: 'relu' } }]);

/** Φ(−z), by its series (Abramowitz and Stegun 7.1.26). */
function normalTail(z: number): number {
  const t = 1 / (1 + (0.3275911 * z) / Math.SQRT2);
  const polynomial = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return (polynomial * Math.exp((-z * z) / 2)) / 2;
}

describe.each(ENGINES)('smoothgrad on %s', (_engine, create) => {
  const engine = engineOfBlock(create);
  const rows = [160, 161, 162].map((seed) => ({ x: inputOf(SMOOTH, seed), target: [1, 0, -1] }));

  async function relevance(options: object, network = SMOOTH, of = rows, maxBatch = 32): Promise<Float32Array[]> {
    const plan = planned({ network }, 'smoothgrad', { ...options });
    return (await runRows(engine(), network, plan, of, { maxBatch })).map((row) => row.relevance);
  }

  test('the same seed gives the same bytes, another one other values', async () => {
    const options = { n: 4, sigma: 0.3, seed: 7 };
    const first = await relevance(options);
    expect(await relevance(options)).toEqual(first);
    const [other] = await relevance({ ...options, seed: 8 });
    expect(distance(other ?? [], first[0] ?? [])).toBeGreaterThan(1e-3);
  });

  test('an item neither depends on the others of its batch nor on how many rows run together', async () => {
    const options = { n: 5, sigma: 0.5 };
    const together = await relevance(options);
    for (const maxBatch of [1, 3, 32]) {
      for (const [i, row] of rows.entries()) {
        const [alone] = await relevance(options, SMOOTH, [row], maxBatch);
        expect(greatestDifference(alone ?? [], together[i] ?? [])).toBeLessThan(1e-5);
      }
      const apart = await relevance(options, SMOOTH, rows, maxBatch);
      apart.forEach((values, i) => {
        expect(greatestDifference(values, together[i] ?? [])).toBeLessThan(1e-5);
      });
    }
  });

  test('with next to no noise it is the gradient', async () => {
    const gradient = await runRows(engine(), SMOOTH, planned({ network: SMOOTH }, 'gradient'), rows);
    const smooth = await relevance({ n: 3, sigma: 1e-5 });
    smooth.forEach((values, i) => {
      expect(distance(values, gradient[i]?.relevance ?? [])).toBeLessThan(1e-4);
    });
  });

  test('on a linear network it is the gradient, whatever the noise; its squares are the sensitivity', async () => {
    const row = { x: inputOf(LINEAR, 163), target: [0, 1, 0] };
    const [gradient] = await runRows(engine(), LINEAR, planned({ network: LINEAR }, 'gradient'), [row]);
    const [smooth] = await relevance({ n: 6, sigma: 3 }, LINEAR, [row]);
    expect(distance(smooth ?? [], gradient?.relevance ?? [])).toBeLessThan(1e-6);
    const [squared] = await relevance({ n: 6, sigma: 3, of: 'squared-gradient' }, LINEAR, [row]);
    expect(distance(squared ?? [], gradient?.relevance.map((d) => d * d) ?? [])).toBeLessThan(1e-6);
  });

  test('an input of one value everywhere has no range: it is the gradient', async () => {
    const row = { x: new Float32Array(7).fill(0.4), target: [1, 0, 0] };
    const [gradient] = await runRows(engine(), VECTOR, planned({ network: VECTOR }, 'gradient'), [row]);
    const [smooth] = await relevance({ n: 2, sigma: 1 }, VECTOR, [row]);
    expect(distance(smooth ?? [], gradient?.relevance ?? [])).toBeLessThan(1e-6);
  });

  test('the mean of squares is nowhere negative, and no less than the square of the mean', async () => {
    const row = { x: inputOf(RECTIFIED, 164), target: [1, -1, 0] };
    const [mean] = await relevance({ n: 8, sigma: 0.4 }, RECTIFIED, [row]);
    const [squares] = await relevance({ n: 8, sigma: 0.4, of: 'squared-gradient' }, RECTIFIED, [row]);
    squares?.forEach((square, i) => {
      expect(square).toBeGreaterThanOrEqual((mean?.[i] ?? Number.NaN) ** 2 - 1e-6 * square);
    });
  });

  test('the prediction of the input is explained, not that of noisy copies', async () => {
    const free = rows.map(({ x }) => ({ x }));
    const plan = planned({ network: SMOOTH }, 'smoothgrad', { n: 4, sigma: 2 });
    const explained = await runRows(engine(), SMOOTH, plan, free);
    const named = explained.map(({ scores }, i) => {
      const best = scores.indexOf(Math.max(...scores));
      return { x: free[i]?.x ?? [], target: [0, 1, 2].map((k) => +(k === best)) };
    });
    expect(await runRows(engine(), SMOOTH, plan, named)).toEqual(explained);
  });

  test('the noise is normal, of σ times the range, and independent between elements and copies', async () => {
    // Of x = a, the derivative of a ReLU is 1 where the noise exceeds −a: its mean over copies is P(noise > −a).
    const [size, n, sigma] = [2000, 20, 0.25];
    const range = 4;
    for (const seed of [0, 1]) {
      for (const z of [-2, -1, 0, 1, 2]) {
        // The last two elements make the range what it is.
        const x = new Float32Array(size).fill(-z * sigma * range);
        x.set([-2, 2], size - 2);
        const row = { x, target: new Array<number>(size).fill(1) };
        const [shares] = await relevance({ n, sigma, seed }, THRESHOLDS, [row], 20);
        const own = (shares ?? new Float32Array()).subarray(0, size - 2);
        const p = z < 0 ? 1 - normalTail(-z) : normalTail(z);
        const deviation = Math.sqrt((p * (1 - p)) / n);
        const mean = total(own) / own.length;
        expect(Math.abs(mean - p)).toBeLessThan((4 * deviation) / Math.sqrt(own.length));
        // Were copies alike, the shares would be 0 or 1.
        const spread = Math.sqrt(total(own.map((share) => (share - mean) ** 2)) / own.length);
        expect(spread / deviation).toBeGreaterThan(0.9);
        expect(spread / deviation).toBeLessThan(1.1);
        const pairs = own.subarray(1).map((share, i) => (share - mean) * ((own[i] ?? Number.NaN) - mean));
        expect(Math.abs(total(pairs) / pairs.length / spread ** 2)).toBeLessThan(4 / Math.sqrt(own.length));
      }
    }
  });
});
