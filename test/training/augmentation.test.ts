import { distort } from '../../training/augmentation.ts';
import { permutation, seededRandom } from '../../training/random.ts';
import { drawSample } from '../../training/samples.ts';

const none = { rotation: 0, scale: 0, shear: 0, shift: 0, elastic: 0 };
const strong = { rotation: 0.3, scale: 0.2, shear: 0.2, shift: 3, elastic: 2 };

describe('distort', () => {
  it('changes nothing when nothing may change', async () => {
    const picture = await drawSample(4);
    const out = new Float32Array(784);
    distort(picture, out, none, seededRandom(1), 1);
    expect(out).toEqual(Float32Array.from(picture));
  });

  it('repeats itself for the same seed and differs for another', async () => {
    const picture = await drawSample(4);
    const draw = (seed: number) => {
      const out = new Float32Array(784);
      distort(picture, out, strong, seededRandom(seed), 1 / 255);
      return out;
    };
    expect(draw(5)).toEqual(draw(5));
    expect(draw(5)).not.toEqual(draw(6));
  });

  it('shifts, reading black from outside the picture', () => {
    const picture = new Uint8Array(784).fill(255);
    const alwaysMost = () => 1;
    const out = new Float32Array(784);
    distort(picture, out, { ...none, shift: 2 }, alwaysMost, 1 / 255);
    const expected = Array.from({ length: 784 }, (_, index) => (index % 28 < 26 && index < 26 * 28 ? 1 : 0));
    expect([...out]).toEqual(expected);
  });

  it('stays between black and white', async () => {
    const picture = await drawSample(8);
    const random = seededRandom(2);
    const out = new Float32Array(784);
    for (let repeat = 0; repeat < 20; repeat++) {
      distort(picture, out, strong, random, 1 / 255);
      expect(Math.min(...out)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...out)).toBeLessThanOrEqual(1);
    }
  });
});

describe('random numbers', () => {
  it('are in [0, 1), spread evenly, and fixed by the seed', () => {
    const random = seededRandom(1);
    const numbers = Array.from({ length: 10_000 }, random);
    expect(numbers.every((number) => number >= 0 && number < 1)).toBe(true);
    const tenths = Array.from({ length: 10 }, (_, tenth) => numbers.filter((n) => Math.floor(10 * n) === tenth).length);
    for (const count of tenths) expect(Math.abs(count - 1000)).toBeLessThan(150);
    const again = seededRandom(1);
    expect(Array.from({ length: 10_000 }, again)).toEqual(numbers);
  });

  it('put every number of a permutation in one place', () => {
    const order = permutation(1000, seededRandom(3));
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, index) => index));
    expect(order[0] === 0 && order[1] === 1 && order[2] === 2).toBe(false);
  });
});
