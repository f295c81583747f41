import { frameAt, frameCount } from '../../services/prototype/animation.ts';
import { boundsOf } from '../../services/prototype/bounds.ts';
import { similarity } from '../../services/prototype/diversity.ts';
import { blur } from '../../services/prototype/picture/blur.ts';
import { clipContribution, clipSmallest } from '../../services/prototype/picture/clip.ts';
import { normals, shiftAt } from '../../services/prototype/random.ts';
import { encodeSnapshot, restoreSnapshot } from '../../services/prototype/snapshot.ts';
import { distance } from '../explanation/closeness.ts';
import { randomTensor } from '../explanation/networks.ts';
import { centralDifferences } from '../explanation/slowGradient.ts';

describe('the blur', () => {
  test('is the Gaussian mean over the pixels that exist, channel by channel', () => {
    const [channels, height, width, sigma] = [2, 4, 5, 0.8];
    const image = randomTensor([channels, height, width], 300).data;
    const reach = Math.ceil(3 * sigma);
    const expected = image.map((_, i) => {
      const [channel, y, x] = [Math.floor(i / (height * width)), Math.floor(i / width) % height, i % width];
      let [sum, weights] = [0, 0];
      for (let v = 0; v < height; v += 1) {
        for (let u = 0; u < width; u += 1) {
          if (Math.abs(v - y) > reach || Math.abs(u - x) > reach) continue;
          const weight = Math.exp(-((v - y) ** 2 + (u - x) ** 2) / (2 * sigma ** 2));
          sum += weight * (image[(channel * height + v) * width + u] ?? 0);
          weights += weight;
        }
      }
      return sum / weights;
    });
    blur(image, [channels, height, width], sigma);
    expect(distance(image, expected)).toBeLessThan(1e-6);
  });
});

describe('clipping', () => {
  test('by norm takes the pixels that are smallest over all channels', () => {
    const image = Float32Array.of(3, -1, 0.5, 2, /* second channel */ 0, 1, 0.5, -2);
    clipSmallest(image, [2, 2, 2], 50);
    expect([...image]).toEqual([3, 0, 0, 2, 0, 0, 0, -2]);
  });

  test('by contribution takes those of the smallest |Σ x ∂f/∂x|', () => {
    const image = Float32Array.of(3, -1, 0.5, 2, 1, 1, 1, 1);
    const gradient = Float32Array.of(0, 5, 4, 1, 0.1, 5, 0, -2);
    // 0.1, 0, 2, 0
    clipContribution(image, gradient, [2, 2, 2], 50);
    expect([...image]).toEqual([3, 0, 0.5, 0, 1, 0, 1, 0]);
  });

  test('of no percent changes nothing', () => {
    const image = Float32Array.of(1, 0.1, 0.2);
    clipSmallest(image, [1, 1, 3], 10);
    expect([...image]).toEqual([...Float32Array.of(1, 0.1, 0.2)]);
  });
});

describe('diversity', () => {
  const [rows, count, size, weight] = [4, 2, 3, 0.7];
  const activations = randomTensor([rows, size], 310).data;
  const cosine = (a: ArrayLike<number>, b: ArrayLike<number>) => {
    const dot = (x: ArrayLike<number>, y: ArrayLike<number>) =>
      Array.from(x).reduce((sum, v, i) => sum + v * (y[i] ?? 0), 0);
    return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
  };
  const rowOf = (values: ArrayLike<number>, row: number) => Array.from(values).slice(row * size, (row + 1) * size);

  test('sums the cosines within a group, and pulls down their gradient', () => {
    const { sums, pull } = similarity(activations, rows, count, weight);
    for (let row = 0; row < rows; row += 1) {
      const other = rowOf(activations, row % 2 === 0 ? row + 1 : row - 1);
      expect(sums[row]).toBeCloseTo(cosine(rowOf(activations, row), other), 6);
      const slope = centralDifferences((a) => -weight * cosine(a, other), rowOf(activations, row));
      expect(distance(rowOf(pull, row), slope)).toBeLessThan(1e-5);
    }
  });

  test('a row of zeros is like nothing', () => {
    const { sums, pull } = similarity(Float32Array.of(0, 0, 1, 2), 2, 2, 1);
    expect([...sums, ...pull]).toEqual([0, 0, 0, 0, 0, 0]);
  });
});

describe('random numbers', () => {
  const some = (...key: Parameters<typeof normals>) => {
    const normal = normals(...key);
    return Array.from({ length: 4 }, () => normal());
  };

  test('are a function of the seed, the purpose and the counters', () => {
    expect(some(1, 'noise', 2)).toEqual(some(1, 'noise', 2));
    const keys = [
      some(1, 'noise', 2),
      some(2, 'noise', 2),
      some(1, 'noise', 3),
      some(1, 'jitter', 2),
      some(1, 'noise', 2, 1),
    ];
    expect(new Set(keys.flat()).size).toBe(20);
  });

  test('are normal', () => {
    const normal = normals(0, 'noise', 1);
    const values = Array.from({ length: 20_000 }, () => normal());
    const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
    expect(Math.abs(mean)).toBeLessThan(0.03);
    expect(values.reduce((sum, v) => sum + v * v, 0) / values.length).toBeCloseTo(1, 1);
  });

  test('shifts take all values up to the reach equally often', () => {
    const counts = new Map<number, number>();
    for (let step = 0; step < 5000; step += 1) {
      const shift = shiftAt(7, step, step % 2, 2);
      counts.set(shift, (counts.get(shift) ?? 0) + 1);
    }
    expect([...counts.keys()].sort((a, b) => a - b)).toEqual([-2, -1, 0, 1, 2]);
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(150);
    expect(shiftAt(7, 3, 0, 0)).toBe(0);
  });
});

test('a snapshot gives back arrays of all kinds', () => {
  const arrays = () => ({
    a: new Float32Array(3),
    b: new Float64Array(2),
    c: new Uint8Array(5),
    d: new Float32Array(0),
  });
  const saved = arrays();
  saved.a.set([1, -0, Number.NaN]);
  saved.b.set([1 / 3, Number.NEGATIVE_INFINITY]);
  saved.c.set([1, 2, 3, 4, 255]);
  const restored = arrays();
  const bytes = encodeSnapshot('run', saved);
  // As it comes out of a file: a view at some offset.
  const moved = new Uint8Array(bytes.length + 3);
  moved.set(bytes, 3);
  restoreSnapshot(moved.subarray(3), 'run', restored);
  expect(restored).toEqual(saved);
  expect(() => restoreSnapshot(bytes, 'other', restored)).toThrow(/another run/);
  expect(() => restoreSnapshot(bytes, 'run', { ...restored, a: new Float32Array(4) })).toThrow(/another run/);
  for (const at of [0, 40, bytes.length - 1]) {
    const damaged = bytes.slice();
    damaged[at] = (damaged[at] ?? 0) ^ 16;
    expect(() => restoreSnapshot(damaged, 'run', restored)).toThrow(/damaged/);
  }
});

describe('frames', () => {
  test.each([
    [200, 60],
    [61, 60],
    [60, 60],
    [7, 7],
    [1, 1],
    [5000, 2],
  ])('%i steps in %i frames: the first, the last, and as many as there are places', (steps, frames) => {
    const kept = Array.from({ length: steps }, (_, step) => frameAt(step, steps, frames));
    const numbers = kept.filter((frame) => frame !== null);
    expect(numbers).toEqual(Array.from({ length: frames }, (_, i) => i));
    expect(kept[0]).toBe(0);
    if (frames > 1) expect(kept.at(-1)).toBe(frames - 1);
  });

  test('are bounded in number and in size', () => {
    expect(frameCount(200, 784)).toBe(60);
    expect(frameCount(10, 784)).toBe(10);
    expect(frameCount(200, 2 ** 20)).toBe(16);
    expect(frameCount(200, 2 ** 30)).toBe(2);
    expect(frameAt(0, 200, 0)).toBeNull();
  });
});

test('bounds per channel hold for every value of the channel', () => {
  const { low, high } = boundsOf({ low: [0, -1], high: [1, 2] }, 4);
  expect([[...low], [...high]]).toEqual([
    [0, 0, -1, -1],
    [1, 1, 2, 2],
  ]);
});
