import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeNpy } from '../../models/tensors/npy.ts';
import type { TensorStore } from '../../models/tensors/store.ts';
import { CLASSES, type Digits, PIXELS } from '../../training/mnist.ts';
import { PROJECT } from '../../training/places.ts';
import { seededRandom } from '../../training/random.ts';
import { PIXEL_SCALE } from '../../training/recipe.ts';
import { openNetwork } from './network.ts';

const REAL = 1000;
const HARDENED = 200;
const NOISY = 200;

/** Steps of the ascents of one class: the largest is kept at its end, the others earlier. */
const STEPS = [5, 10, 20, 40];
const STEP = 0.05;

/** Pictures by kind, one after another: real digits, and what must not pass for them. */
export type Controls = Readonly<Record<string, Float32Array>>;

/**
 * The controls of every measure of realism: the first 1000 test digits against a blank picture, uniform noise, the ten
 * class means, and what climbing the logit of each class makes of the mean digit, by either classifier of the zoo. Test digits without
 * gray between black and white tell whether a measure minds jagged strokes.
 */
export async function controls(test: Digits, store: TensorStore): Promise<Controls> {
  const random = seededRandom(7);
  const means = decodeNpy(await readFile(join(PROJECT.zoo, 'mnist-cnn/means.npy'))).data;
  return {
    'test digits': Float32Array.from(test.pixels.subarray(0, REAL * PIXELS), (byte) => byte * PIXEL_SCALE),
    'test digits in black and white': Float32Array.from(test.pixels.subarray(0, HARDENED * PIXELS), (byte) =>
      Number(byte >= 128),
    ),
    blank: new Float32Array(PIXELS),
    noise: Float32Array.from({ length: NOISY * PIXELS }, random),
    'class means': means,
    'ascents of mnist-mlp': await ascents('mnist-mlp', means, store),
    'ascents of mnist-cnn': await ascents('mnist-cnn', means, store),
  };
}

/** x ← x + η ∇z_c / max |∇z_c| in the box [0, 1], from the mean of all classes, for every class c. */
async function ascents(name: string, means: Float32Array, store: TensorStore): Promise<Float32Array> {
  const network = await openNetwork(PROJECT.zoo, name, store);
  const classes = Array.from({ length: CLASSES }, (_, label) => label);
  const mean = Float32Array.from({ length: PIXELS }, (_, pixel) => {
    return classes.reduce((sum, label) => sum + (means[label * PIXELS + pixel] ?? 0), 0) / CLASSES;
  });
  const oneHot = Float32Array.from({ length: CLASSES * CLASSES }, (_, at) => Number(at % (CLASSES + 1) === 0));
  let pictures = Float32Array.from({ length: CLASSES * PIXELS }, (_, at) => mean[at % PIXELS] ?? 0);
  const kept: number[] = [];
  for (let step = 1; step <= Math.max(...STEPS); step += 1) {
    const { gradients } = await network.ask(pictures, oneHot);
    const largest = classes.map((label) =>
      gradients
        .subarray(label * PIXELS, (label + 1) * PIXELS)
        .reduce((most, value) => Math.max(most, Math.abs(value)), Number.MIN_VALUE),
    );
    pictures = pictures.map((value, at) => {
      const moved = value + (STEP * (gradients[at] ?? 0)) / (largest[Math.floor(at / PIXELS)] ?? 1);
      return Math.min(Math.max(moved, 0), 1);
    });
    if (STEPS.includes(step)) kept.push(...pictures);
  }
  await network.dispose();
  return Float32Array.from(kept);
}
