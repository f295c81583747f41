import { type Distortion, distort } from '../augmentation.ts';
import { type Digits, PIXELS, SIDE } from '../mnist.ts';
import { gaussian, type Random } from '../random.ts';
import { PIXEL_SCALE } from '../recipe.ts';

/** Makes one picture of 28 × 28 in [0, 1] that is no digit as a person wrote it. */
export type Counterfeit = (digits: Digits, random: Random) => Float32Array;

/** The kinds of counterfeits that are made of digits and noise alone, without a network. */
export const COUNTERFEITS = {
  /** One gray all over, black most of all. */
  blank: (_digits, random) => new Float32Array(PIXELS).fill(random() < 0.5 ? 0 : random()),
  /** Uniform, normal or black-and-white noise of random strength. */
  noise: (_digits, random) => {
    const [kind, strength] = [random(), random()];
    const mean = 0.5 * random();
    return picture((_pixel) => {
      if (kind < 1 / 3) return strength * random();
      if (kind < 2 / 3) return mean + strength * gaussian(random);
      return random() < 0.5 * strength ? 1 : 0;
    });
  },
  /** The mean of 3 to 300 digits of one class, brighter or darker. */
  classMean: (digits, random) => {
    const label = Math.floor(10 * random());
    return average(
      digits,
      manyOf(digits, random, (own) => own === label),
      brightness(random),
    );
  },
  /** The mean of 3 to 300 digits of any class, brighter or darker. */
  mean: (digits, random) =>
    average(
      digits,
      manyOf(digits, random, () => true),
      brightness(random),
    ),
  /** A digit behind a Gaussian blur of 1.2 to 3 pixels, brighter or darker. */
  blurred: (digits, random) => {
    const gain = brightness(random);
    return blurred(digitOf(digits, random), 1.2 + 1.8 * random()).map((value) => Math.min(gain * value, 1));
  },
  /** A digit with noise added to every pixel. */
  noisy: (digits, random) => {
    const [own, strength] = [digitOf(digits, random), 0.1 + 0.5 * random()];
    return picture((pixel) => (own[pixel] ?? 0) + strength * gaussian(random));
  },
  /** A digit with 2 to 30 % of its pixels replaced by others. */
  speckled: (digits, random) => {
    const [own, share] = [digitOf(digits, random), 0.02 + 0.28 * random()];
    return picture((pixel) => (random() < share ? random() : (own[pixel] ?? 0)));
  },
  /** A digit at 10 to 50 % of its contrast. */
  faint: (digits, random) => {
    const contrast = 0.1 + 0.4 * random();
    return digitOf(digits, random).map((value) => contrast * value);
  },
  /** The pixels of a digit in random places. */
  shuffled: (digits, random) => {
    const own = digitOf(digits, random);
    for (let last = PIXELS - 1; last > 0; last--) {
      const other = Math.floor(random() * (last + 1));
      [own[last], own[other]] = [own[other] ?? 0, own[last] ?? 0];
    }
    return own;
  },
  /** Two digits over each other. */
  overlaid: (digits, random) => {
    const [one, other] = [digitOf(digits, random), digitOf(digits, random)];
    return picture((pixel) => Math.max(one[pixel] ?? 0, other[pixel] ?? 0));
  },
} as const satisfies Record<string, Counterfeit>;

/** Names of {@link COUNTERFEITS}. */
export type CounterfeitKind = keyof typeof COUNTERFEITS;

/** A digit, half of the time slightly distorted, so that interpolated pixels do not give a picture away. */
export function realDigit(digits: Digits, random: Random): Float32Array {
  if (random() < 0.5) return digitOf(digits, random);
  const out = new Float32Array(PIXELS);
  distort(bytesOf(digits, Math.floor(random() * digits.count)), out, SLIGHT, random, PIXEL_SCALE);
  return out;
}

const SLIGHT: Distortion = { rotation: 0.1, scale: 0.08, shear: 0.08, shift: 1, elastic: 0.6 };

function picture(value: (pixel: number) => number): Float32Array {
  return Float32Array.from({ length: PIXELS }, (_, pixel) => Math.min(Math.max(value(pixel), 0), 1));
}

function bytesOf({ pixels }: Digits, index: number): Uint8Array {
  return pixels.subarray(index * PIXELS, (index + 1) * PIXELS);
}

function digitOf(digits: Digits, random: Random): Float32Array {
  return Float32Array.from(bytesOf(digits, Math.floor(random() * digits.count)), (byte) => byte * PIXEL_SCALE);
}

const brightness = (random: Random) => 0.5 + 1.5 * random();

/** 3 to 300 digits, few of them as often as many: the logarithm of their number is uniform. */
function manyOf(digits: Digits, random: Random, wanted: (label: number) => boolean): number[] {
  const count = Math.round(3 * 100 ** random());
  const chosen: number[] = [];
  while (chosen.length < count) {
    const index = Math.floor(random() * digits.count);
    if (wanted(digits.labels[index] ?? -1)) chosen.push(index);
  }
  return chosen;
}

function average(digits: Digits, chosen: readonly number[], gain: number): Float32Array {
  const sum = new Float64Array(PIXELS);
  for (const index of chosen) {
    for (const [pixel, byte] of bytesOf(digits, index).entries()) sum[pixel] = (sum[pixel] ?? 0) + byte * PIXEL_SCALE;
  }
  return picture((pixel) => ((sum[pixel] ?? 0) * gain) / chosen.length);
}

/** Gaussian blur, rows then columns; outside of the picture is black. */
function blurred(own: Float32Array, sigma: number): Float32Array {
  const reach = Math.ceil(3 * sigma);
  const kernel = Array.from({ length: 2 * reach + 1 }, (_, at) => Math.exp(-((at - reach) ** 2) / (2 * sigma ** 2)));
  const total = kernel.reduce((sum, weight) => sum + weight, 0);
  const along = (from: Float32Array, at: (line: number, place: number) => number) => {
    const out = new Float32Array(PIXELS);
    for (let line = 0; line < SIDE; line++) {
      for (let place = 0; place < SIDE; place++) {
        let value = 0;
        for (const [step, weight] of kernel.entries()) {
          const source = place + step - reach;
          if (source >= 0 && source < SIDE) value += weight * (from[at(line, source)] ?? 0);
        }
        out[at(line, place)] = value / total;
      }
    }
    return out;
  };
  const rows = along(own, (line, place) => line * SIDE + place);
  return along(rows, (line, place) => place * SIDE + line);
}
