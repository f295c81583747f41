import type { Scalar, Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { type Distortion, distort } from './augmentation.ts';
import { CLASSES, type Digits, PIXELS, SIDE } from './mnist.ts';
import { permutation, type Random, seededRandom } from './random.ts';
import { PIXEL_SCALE } from './recipe.ts';
import type { TensorFlow, TrainedModel } from './tensorflow.ts';

/** Pictures that are classified at once. */
const CHUNK = 1000;

/** How a classifier is trained: Adam, the learning rate falling to 0 on a half cosine. */
export interface Schedule {
  readonly epochs: number;
  readonly batchSize: number;
  /** Learning rate of the first step. */
  readonly learningRate: number;
  readonly distortion: Distortion;
  /** Seeds the order of the pictures and their distortions. */
  readonly seed: number;
}

/** What one pass over the training pictures reports. */
export interface EpochReport {
  readonly epoch: number;
  readonly epochs: number;
  /** Mean cross-entropy of the pass, nats. */
  readonly loss: number;
  readonly seconds: number;
}

/**
 * Trains a model in place: cross-entropy, Adam, learning rate falling to 0 on a half cosine over the whole run.
 *
 * The biases of hidden layers are kept ≤ 0 (clipped after each step). Then a unit over empty paper is silent, so deep
 * Taylor sends nothing there, and its search for a root point always succeeds (Montavon et al. 2017, section 5).
 */
export function fitModel(
  tf: TensorFlow,
  model: TrainedModel,
  digits: Digits,
  schedule: Schedule,
  report: (epoch: EpochReport) => void,
): void {
  const random = seededRandom(schedule.seed);
  const optimiser = tf.train.adam(schedule.learningRate);
  const steps = Math.floor(digits.count / schedule.batchSize);
  for (let epoch = 0; epoch < schedule.epochs; epoch++) {
    const started = performance.now();
    const order = permutation(digits.count, random);
    let loss = 0;
    for (let step = 0; step < steps; step++) {
      const done = (epoch * steps + step) / (schedule.epochs * steps);
      optimiser.learningRate = (schedule.learningRate * (1 + Math.cos(Math.PI * done))) / 2;
      const chosen = order.subarray(step * schedule.batchSize, (step + 1) * schedule.batchSize);
      loss += takeStep(tf, model, optimiser, distortedBatch(digits, chosen, schedule, random));
    }
    const seconds = (performance.now() - started) / 1000;
    report({ epoch: epoch + 1, epochs: schedule.epochs, loss: loss / steps, seconds });
  }
  optimiser.dispose();
}

interface Batch {
  readonly pixels: Float32Array;
  readonly labels: Int32Array;
}

function distortedBatch(digits: Digits, chosen: Uint32Array, schedule: Schedule, random: Random): Batch {
  const pixels = new Float32Array(chosen.length * PIXELS);
  chosen.forEach((digit, position) => {
    const source = digits.pixels.subarray(digit * PIXELS, (digit + 1) * PIXELS);
    const out = pixels.subarray(position * PIXELS, (position + 1) * PIXELS);
    distort(source, out, schedule.distortion, random, PIXEL_SCALE);
  });
  return { pixels, labels: Int32Array.from(chosen, (digit) => digits.labels[digit] ?? 0) };
}

function takeStep(
  tf: TensorFlow,
  model: TrainedModel,
  optimiser: ReturnType<TensorFlow['train']['adam']>,
  batch: Batch,
): number {
  const weights = model.trainableWeights.map(({ val }) => val);
  return tf.tidy(() => {
    const input = pictures(tf, batch.pixels);
    const wanted = tf.oneHot(tf.tensor1d(batch.labels, 'int32'), CLASSES);
    const cost = () => crossEntropy(tf, model.apply(input, { training: true }), wanted);
    const loss = optimiser.minimize(cost, true, weights);
    for (const { originalName, val } of model.trainableWeights) {
      if (originalName.endsWith('/bias') && !originalName.startsWith('output/')) val.assign(tf.minimum(val, 0));
    }
    return loss?.dataSync()[0] ?? Number.NaN;
  });
}

function crossEntropy(tf: TensorFlow, probability: Tensor, wanted: Tensor): Scalar {
  const logarithm = tf.log(tf.clipByValue(probability, 1e-7, 1));
  return tf.neg(tf.mean(tf.sum(tf.mul(logarithm, wanted), 1)));
}

function pictures(tf: TensorFlow, pixels: Float32Array): Tensor4D {
  return tf.tensor4d(pixels, [pixels.length / PIXELS, SIDE, SIDE, 1]);
}

/** Probability of the right digit for every picture. */
export function confidences(tf: TensorFlow, model: TrainedModel, digits: Digits): number[] {
  const rows = tf.tidy(() => probabilities(tf, model, digits.pixels).dataSync());
  return Array.from(digits.labels, (label, index) => rows[index * CLASSES + label] ?? 0);
}

/** Share of the pictures whose most probable digit is the right one. */
export function accuracy(tf: TensorFlow, model: TrainedModel, digits: Digits): number {
  let right = 0;
  for (let start = 0; start < digits.count; start += CHUNK) {
    const labels = digits.labels.subarray(start, start + CHUNK);
    const bytes = digits.pixels.subarray(start * PIXELS, (start + labels.length) * PIXELS);
    const guessed = tf.tidy(() => tf.argMax(probabilities(tf, model, bytes), 1).dataSync());
    right += labels.reduce((count, label, index) => count + (guessed[index] === label ? 1 : 0), 0);
  }
  return right / digits.count;
}

function probabilities(tf: TensorFlow, model: TrainedModel, bytes: Uint8Array): Tensor {
  return model.apply(
    pictures(
      tf,
      Float32Array.from(bytes, (pixel) => pixel * PIXEL_SCALE),
    ),
  );
}
