import { type Filler, filled } from '../../models/importers/fillers.ts';
import { sha256 } from './modelFolders.ts';
import { at } from './values.ts';

const COUNT = 1 << 18;
const STANDARD: Filler = { type: 'gaussian', std: 1 };

const normal = filled(STANDARD, [COUNT], 1, 'layer', 0);

/** Φ(x) by Simpson's rule over the density. */
function normalDistribution(x: number): number {
  const steps = 200;
  const density = (t: number) => Math.exp(-0.5 * t * t) / Math.sqrt(2 * Math.PI);
  const h = x / steps;
  let sum = density(0) + density(x);
  for (let i = 1; i < steps; i += 1) sum += (i % 2 === 1 ? 4 : 2) * density(i * h);
  return 0.5 + (sum * h) / 3;
}

function moment(values: Float32Array, power: number): number {
  return values.reduce((sum, value) => sum + value ** power, 0) / values.length;
}

/** Σ a_i b_i over the norms. */
function correlation(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + value * at(b, i), 0) / a.length / Math.sqrt(moment(a, 2) * moment(b, 2));
}

describe('normal numbers', () => {
  test('have the distribution of Gauss (Kolmogorov and Smirnov, level 0.001)', () => {
    const sorted = normal.toSorted();
    let distance = 0;
    for (let k = 0; k < COUNT; k += 256) {
      distance = Math.max(distance, Math.abs(normalDistribution(at(sorted, k)) - k / COUNT));
    }
    expect(distance).toBeLessThan(1.95 / Math.sqrt(COUNT) + 1 / COUNT);
  });

  test('have its first four moments, within 4 standard errors', () => {
    const errors = [1, 2, 15, 96].map((variance) => 4 * Math.sqrt(variance / COUNT));
    [0, 1, 0, 3].forEach((expected, i) => {
      expect(Math.abs(moment(normal, i + 1) - expected)).toBeLessThan(at(errors, i));
    });
  });

  test.each([2, 3, 3.442619855899, 4])('lie beyond ±%s as often as they should', (limit) => {
    const p = 2 * (1 - normalDistribution(limit));
    const beyond = normal.reduce((count, value) => count + (Math.abs(value) > limit ? 1 : 0), 0);
    expect(Math.abs(beyond - p * COUNT)).toBeLessThan(4 * Math.sqrt(p * COUNT));
  });

  test.each([1, 2, 7, 128, 1000])('%s places apart, or squared, are not correlated', (lag) => {
    const [a, b] = [normal.subarray(0, -lag), normal.subarray(lag)];
    const centred = (values: Float32Array) => values.map((value) => value * value - 1);
    expect(Math.abs(correlation(a, b))).toBeLessThan(4 / Math.sqrt(COUNT));
    expect(Math.abs(correlation(centred(a), centred(b)))).toBeLessThan(4 / Math.sqrt(COUNT));
  });

  test('of other seeds, layers and parameters are not correlated', () => {
    for (const other of [
      filled(STANDARD, [COUNT], 2, 'layer', 0),
      filled(STANDARD, [COUNT], 1, 'layer2', 0),
      filled(STANDARD, [COUNT], 1, 'layer', 1),
    ]) {
      expect(Math.abs(correlation(normal, other))).toBeLessThan(4 / Math.sqrt(COUNT));
    }
  });

  test('are the same for the same seed, on every machine', () => {
    expect(sha256(bytesOf(normal))).toBe(PINNED);
    expect(sha256(bytesOf(filled(STANDARD, [COUNT], 1, 'layer', 0)))).toBe(PINNED);
  });
});

/** Hash of the numbers as they were first drawn. */
const PINNED = '35bae9f04cb845d2b62b852020cdf5b25833a7504c9cdfdab9b6ef6127b5b0fc';

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

test('xavier is uniform in ±√(3/n)', () => {
  const limit = Math.sqrt(3 / 512);
  const sorted = filled({ type: 'xavier', norm: 'FAN_IN' }, [512, 512], 3, 'fc', 0).toSorted();
  const distance = sorted.reduce(
    (most, value, k) => Math.max(most, Math.abs((value + limit) / (2 * limit) - k / COUNT)),
    0,
  );
  expect(distance).toBeLessThan(1.95 / Math.sqrt(COUNT) + 1 / COUNT);
});

// [outputs, inputs, height, width]: fan-in is 64·9, fan-out 256·9.
test.each([
  ['FAN_IN', 576],
  ['FAN_OUT', 2304],
  ['AVERAGE', 1440],
] as const)('the variance of msra under %s is 2/n, that of xavier 1/n', (norm, n) => {
  for (const [type, factor] of [
    ['msra', 2],
    ['xavier', 1],
  ] as const) {
    const variance = moment(filled({ type, norm }, [256, 64, 3, 3], 4, 'conv', 0), 2);
    expect(Math.abs(variance / (factor / n) - 1)).toBeLessThan(0.02);
  }
});

test('gaussian has the given standard deviation, constant the given value', () => {
  expect(Math.abs(moment(filled({ type: 'gaussian', std: 0.01 }, [COUNT], 5, 'fc', 0), 2) / 1e-4 - 1)).toBeLessThan(
    0.01,
  );
  expect([...filled({ type: 'constant', value: 0.25 }, [2, 2], 5, 'fc', 0)]).toEqual([0.25, 0.25, 0.25, 0.25]);
});
