import { seededRandom } from '../../../training/random.ts';
import { COUNTERFEITS, type Counterfeit, realDigit } from '../../../training/realism/counterfeits.ts';
import { drawSample } from '../../../training/samples.ts';

/** The sample digits as a data set: one of each class. */
async function sampleDigits() {
  const pictures = await Promise.all(Array.from({ length: 10 }, (_, digit) => drawSample(digit)));
  return {
    count: 10,
    pixels: Uint8Array.from(pictures.flatMap((own) => [...own])),
    labels: Uint8Array.from([...'0123456789'].map(Number)),
  };
}

const kinds: [string, Counterfeit][] = Object.entries(COUNTERFEITS);
const sum = (values: Float32Array) => values.reduce((total, value) => total + value, 0);

describe.each([...kinds, ['real', realDigit] as [string, Counterfeit]])('%s', (_name, make) => {
  it('makes pictures in [0, 1], the same for the same seed', async () => {
    const digits = await sampleDigits();
    const draw = (seed: number) => {
      const random = seededRandom(seed);
      return Array.from({ length: 20 }, () => make(digits, random));
    };
    for (const picture of draw(1)) {
      expect(picture).toHaveLength(784);
      expect(Math.min(...picture)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...picture)).toBeLessThanOrEqual(1);
    }
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
  });
});

describe('counterfeits', () => {
  it('a blank one has one gray all over', async () => {
    const digits = await sampleDigits();
    const random = seededRandom(1);
    for (let repeat = 0; repeat < 20; repeat++) {
      expect(new Set(COUNTERFEITS.blank(digits, random)).size).toBe(1);
    }
  });

  it('a shuffled one has the pixels of a digit, in other places', async () => {
    const digits = await sampleDigits();
    const shuffled = COUNTERFEITS.shuffled(digits, seededRandom(2));
    const sorted = [...shuffled].sort();
    const sources = Array.from({ length: 10 }, (_, digit) =>
      Array.from(digits.pixels.subarray(digit * 784, (digit + 1) * 784), (byte) => Math.fround(byte / 255)),
    );
    expect(sources.some((own) => own.join() === [...shuffled].join())).toBe(false);
    expect(sources.filter((own) => [...own].sort().join() === sorted.join())).toHaveLength(1);
  });

  it('a class mean of a class with one digit is this digit, brighter or darker', async () => {
    const digits = await sampleDigits();
    const mean = COUNTERFEITS.classMean(digits, seededRandom(6));
    const supports = Array.from({ length: 10 }, (_, digit) =>
      Array.from(digits.pixels.subarray(digit * 784, (digit + 1) * 784), (byte) => byte > 0).join(),
    );
    expect(supports).toContain(Array.from(mean, (value) => value > 0).join());
  });

  it('a blurred one keeps the ink, and spreads it', async () => {
    const one = { count: 1, pixels: new Uint8Array(784), labels: Uint8Array.of(0) };
    one.pixels[14 * 28 + 14] = 255;
    const blurred = COUNTERFEITS.blurred(one, seededRandom(3));
    const [gain] = [0.5 + 1.5 * seededRandom(3)()];
    expect(sum(blurred)).toBeCloseTo(gain, 2);
    expect(blurred.indexOf(Math.max(...blurred))).toBe(14 * 28 + 14);
    expect(Math.max(...blurred)).toBeLessThan(0.3);
    expect(blurred[14 * 28 + 16]).toBeCloseTo(blurred[16 * 28 + 14] ?? 0, 6);
  });

  it('a faint one has at most half of the contrast', async () => {
    const digits = await sampleDigits();
    const random = seededRandom(3);
    for (let repeat = 0; repeat < 20; repeat++) {
      expect(Math.max(...COUNTERFEITS.faint(digits, random))).toBeLessThanOrEqual(0.5);
    }
  });
});
