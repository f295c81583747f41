import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type OpenNetwork, openNetwork } from '../../bench/prototypes/network.ts';
import type { TensorStore } from '../../models/tensors/store.ts';
import { type Manifest, manifestSchema } from '../../schemas/manifest.ts';
import { PIXELS } from '../../training/mnist.ts';
import { PROJECT } from '../../training/places.ts';
import { gaussian, seededRandom } from '../../training/random.ts';
import { temporaryStore } from '../support/engines.ts';
import { readWeights } from '../training/weights.ts';
import { testDigits } from './zooModel.ts';

const DIGITS = Array.from({ length: 10 }, (_, digit) => digit);

let store: TensorStore;
let remove: () => Promise<void>;
beforeAll(async () => {
  ({ store, remove } = await temporaryStore());
});
afterAll(() => remove());

function manifestOf(folder: string, name: string): Manifest {
  return manifestSchema.parse(JSON.parse(readFileSync(join(folder, name, 'manifest.json'), 'utf8')));
}

// Out of the global object, where Jest makes every look-up slow.
const { abs, exp, log1p, max } = Math;
const softplus = (x: number) => max(x, 0) + log1p(exp(-abs(x)));

describe.each([
  ['mnist-rbm', PROJECT.zoo],
  ['mnist-rbm-b', PROJECT.measures],
])('%s', (name, folder) => {
  const weights = readWeights(join(folder, name));
  const [w, c] = [weights.get('hidden/kernel') ?? [], weights.get('hidden/bias') ?? []];
  const b = weights.get('visible/kernel') ?? [];

  /** c + Wᵀv. */
  function activations(v: ArrayLike<number>): Float64Array {
    const sums = Float64Array.from(c);
    for (let i = 0; i < PIXELS; i += 1) {
      const on = v[i] ?? 0;
      if (on === 0) continue;
      for (let j = 0; j < c.length; j += 1) sums[j] = (sums[j] ?? 0) + on * (w[i * c.length + j] ?? 0);
    }
    return sums;
  }

  test('has the log pseudo-likelihood on 1000 test digits that its manifest states', async () => {
    const digits = await testDigits();
    let total = 0;
    for (let digit = 0; digit < 1000; digit += 1) {
      const bytes = digits.pixels.subarray(digit * PIXELS, (digit + 1) * PIXELS);
      const v = Array.from(bytes, (byte) => Number(byte >= 127.5));
      const own = activations(v);
      const before = own.reduce((sum, a) => sum + softplus(a), 0);
      for (let i = 0; i < PIXELS; i += 1) {
        const side = 1 - 2 * (v[i] ?? 0);
        let flipped = side * (b[i] ?? 0) - before;
        for (let j = 0; j < c.length; j += 1) flipped += softplus((own[j] ?? 0) + side * (w[i * c.length + j] ?? 0));
        total -= softplus(flipped);
      }
    }
    const stated = Number(manifestOf(folder, name).metrics?.['test_log_pseudo_likelihood']);
    expect(Math.abs(total / 1000 - stated)).toBeLessThan(0.01);
    expect(stated).toBeGreaterThan(-65);
  }, 300_000);

  test('computes bᵀx + Σ softplus(c + Wᵀx) of gray digits, with the gradient b + W σ(c + Wᵀx)', async () => {
    const digits = await testDigits();
    const pictures = Float32Array.from(digits.pixels.subarray(0, 10 * PIXELS), (byte) => byte / 255);
    const network = await openNetwork(folder, name, store);
    const { scores, gradients } = await network.ask(pictures);
    await network.dispose();
    for (const digit of DIGITS) {
      const x = pictures.subarray(digit * PIXELS, (digit + 1) * PIXELS);
      const own = activations(x);
      const density =
        own.reduce((sum, a) => sum + softplus(a), 0) + x.reduce((sum, xi, i) => sum + xi * (b[i] ?? 0), 0);
      expect(scores[digit]).toBeCloseTo(density, 2);
      for (let i = 0; i < PIXELS; i += 37) {
        const slope = own.reduce((sum, a, j) => sum + (w[i * c.length + j] ?? 0) / (1 + Math.exp(-a)), b[i] ?? 0);
        expect(gradients[digit * PIXELS + i]).toBeCloseTo(slope, 3);
      }
    }
  }, 60_000);
});

describe('mnist-decoder', () => {
  const manifest = manifestOf(PROJECT.zoo, 'mnist-decoder');
  const [codes = 0] = manifest.input.shape;
  let decoder: OpenNetwork;
  beforeAll(async () => {
    decoder = await openNetwork(PROJECT.zoo, 'mnist-decoder', store);
  });
  afterAll(() => decoder.dispose());

  test('makes digits of random codes, as often as its manifest states', async () => {
    const random = seededRandom(1);
    const { scores } = await decoder.ask(Float32Array.from({ length: 1000 * codes }, () => gaussian(random)));
    expect(scores.every((value) => value >= 0 && value <= 1)).toBe(true);
    const judge = await openNetwork(PROJECT.zoo, 'mnist-cnn', store);
    const probabilities = softmaxRows((await judge.ask(scores)).scores);
    await judge.dispose();
    const sure = rows(probabilities, 10).filter((row) => Math.max(...row) >= 0.9).length;
    expect(Math.abs(sure / 1000 - Number(manifest.metrics?.['samples_recognised']))).toBeLessThanOrEqual(0.002);
    expect(sure).toBeGreaterThan(500);
  }, 60_000);

  test('has a code for each of 50 test digits, with a squared error not above the stated one', async () => {
    const digits = await testDigits();
    const wanted = Float32Array.from(digits.pixels.subarray(0, 50 * PIXELS), (byte) => byte / 255);
    // Adam on ‖g(z) − x‖²; the encoder, which is not shipped, gave codes at once.
    const { pictures } = await climb(decoder, codes, 50, 300, async (shown) => ({
      ascent: shown.map((value, at) => 2 * ((wanted[at] ?? 0) - value)),
      decay: 0,
    }));
    const error = pictures.reduce((sum, value, at) => sum + (value - (wanted[at] ?? 0)) ** 2, 0) / pictures.length;
    expect(error).toBeLessThan(Number(manifest.metrics?.['test_squared_error']));
    expect(manifest.metrics?.['test_squared_error']).toBeLessThan(0.02);
  }, 120_000);

  test.each(['mnist-mlp', 'mnist-cnn'])(
    'gives ten different digits of which %s is 99 %% sure, by ascent on log p(c | g(z)) − λ‖z‖²',
    async (name) => {
      const classifier = await openNetwork(PROJECT.zoo, name, store);
      const likelihood = async (pictures: Float32Array) => {
        const { scores } = await classifier.ask(pictures);
        const probabilities = softmaxRows(scores);
        const weights = probabilities.map((p, at) => Number(at % 11 === 0) - p);
        const { gradients } = await classifier.ask(pictures, weights);
        return { probabilities, gradients };
      };
      const { pictures, z } = await climb(decoder, codes, 10, 200, async (shown) => ({
        ascent: (await likelihood(shown)).gradients,
        decay: 1e-3,
      }));
      const { probabilities } = await likelihood(pictures);
      await classifier.dispose();
      for (const digit of DIGITS) expect(probabilities[11 * digit]).toBeGreaterThanOrEqual(0.99);
      // The code of a digit has a length of about the square root of its size.
      for (const code of rows(z, codes)) expect(Math.hypot(...code)).toBeLessThan(1.5 * Math.sqrt(codes));
    },
    120_000,
  );
});

/**
 * Adam on codes, from the origin: z climbs along `ascent`, a gradient at the picture, less 2 · decay · z.
 * @returns the last codes and their pictures
 */
async function climb(
  decoder: OpenNetwork,
  codes: number,
  count: number,
  steps: number,
  objective: (pictures: Float32Array) => Promise<{ ascent: Float32Array; decay: number }>,
) {
  const z = new Float32Array(count * codes);
  const [first, second] = [new Float64Array(z.length), new Float64Array(z.length)];
  for (let step = 1; step <= steps; step += 1) {
    const { ascent, decay } = await objective((await decoder.ask(z)).scores);
    const { gradients } = await decoder.ask(z, ascent);
    for (const [at, value] of z.entries()) {
      const slope = (gradients[at] ?? 0) - 2 * decay * value;
      first[at] = 0.9 * (first[at] ?? 0) + 0.1 * slope;
      second[at] = 0.99 * (second[at] ?? 0) + 0.01 * slope ** 2;
      const mean = (first[at] ?? 0) / (1 - 0.9 ** step);
      z[at] = value + (0.1 * mean) / (Math.sqrt((second[at] ?? 0) / (1 - 0.99 ** step)) + 1e-8);
    }
  }
  return { z, pictures: (await decoder.ask(z)).scores };
}

function rows(values: Float32Array, width: number): number[][] {
  return Array.from({ length: values.length / width }, (_, row) => [
    ...values.subarray(row * width, (row + 1) * width),
  ]);
}

function softmaxRows(scores: Float32Array): Float32Array {
  return Float32Array.from(
    rows(scores, 10).flatMap((row) => {
      const exponentials = row.map((score) => Math.exp(score - Math.max(...row)));
      const total = exponentials.reduce((sum, value) => sum + value, 0);
      return exponentials.map((value) => value / total);
    }),
  );
}
