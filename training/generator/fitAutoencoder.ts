import type { Tensor2D } from '@tensorflow/tfjs-core';
import { type Digits, PIXELS, SIDE } from '../mnist.ts';
import { gaussian, permutation, type Random, seededRandom } from '../random.ts';
import { PIXEL_SCALE } from '../recipe.ts';
import type { TensorFlow } from '../tensorflow.ts';
import type { Autoencoder } from './autoencoder.ts';
import { crossEntropy, divergence, drawCode, posterior } from './variational.ts';

/** How an autoencoder is trained: Adam, the learning rate falling to 0 on a half cosine. */
export interface AutoencoderSchedule {
  /** K: numbers of a code. */
  readonly codes: number;
  readonly epochs: number;
  readonly batchSize: number;
  /** Learning rate of the first step. */
  readonly learningRate: number;
  /** Epochs in which the weight of the divergence grows from 0 to 1. */
  readonly warmUp: number;
  readonly seed: number;
}

/** What one pass over the digits reports: both parts of the loss, nats per digit. */
export interface AutoencoderReport {
  readonly epoch: number;
  readonly crossEntropy: number;
  readonly divergence: number;
  readonly seconds: number;
}

/**
 * Trains an autoencoder in place, by the variational bound: cross-entropy of the pixels + KL(code given the picture ‖
 * N(0, 1)) (Kingma and Welling 2013). A decoder trained so makes digits of codes near the normal distribution.
 */
export function fitAutoencoder(
  tf: TensorFlow,
  { encoder, decoder }: Autoencoder,
  digits: Digits,
  schedule: AutoencoderSchedule,
  report: (pass: AutoencoderReport) => void,
): void {
  const random = seededRandom(schedule.seed);
  const optimiser = tf.train.adam(schedule.learningRate);
  const weights = [...encoder.trainableWeights, ...decoder.trainableWeights].map(({ val }) => val);
  const steps = Math.floor(digits.count / schedule.batchSize);
  for (let epoch = 0; epoch < schedule.epochs; epoch++) {
    const started = performance.now();
    const order = permutation(digits.count, random);
    const sums = { crossEntropy: 0, divergence: 0 };
    for (let step = 0; step < steps; step++) {
      const passed = epoch + step / steps;
      optimiser.learningRate = (schedule.learningRate * (1 + Math.cos((Math.PI * passed) / schedule.epochs))) / 2;
      const chosen = order.subarray(step * schedule.batchSize, (step + 1) * schedule.batchSize);
      tf.tidy(() => {
        const pictures = grayPictures(tf, digits, chosen);
        const noise = normal(tf, chosen.length, schedule.codes, random);
        optimiser.minimize(
          () => {
            const code = posterior(tf, encoder.apply(pictures, { training: true }));
            const decoded = decoder.apply(drawCode(tf, code, noise), { training: true });
            const [fit, price] = [crossEntropy(tf, pictures, decoded), divergence(tf, code)];
            sums.crossEntropy += fit.dataSync()[0] ?? Number.NaN;
            sums.divergence += price.dataSync()[0] ?? Number.NaN;
            return tf.add(fit, tf.mul(price, Math.min(passed / schedule.warmUp, 1)));
          },
          false,
          weights,
        );
      });
    }
    report({
      epoch: epoch + 1,
      crossEntropy: sums.crossEntropy / steps,
      divergence: sums.divergence / steps,
      seconds: (performance.now() - started) / 1000,
    });
  }
  optimiser.dispose();
}

/** Some digits as pictures [N, 28, 28, 1] in [0, 1]. */
export function grayPictures(tf: TensorFlow, digits: Digits, chosen: Uint32Array) {
  const pixels = new Float32Array(chosen.length * PIXELS);
  chosen.forEach((digit, row) => {
    const bytes = digits.pixels.subarray(digit * PIXELS, (digit + 1) * PIXELS);
    pixels.set(
      Float32Array.from(bytes, (byte) => byte * PIXEL_SCALE),
      row * PIXELS,
    );
  });
  return tf.tensor4d(pixels, [chosen.length, SIDE, SIDE, 1]);
}

/** Numbers of the standard normal distribution, [count, codes]. */
export function normal(tf: TensorFlow, count: number, codes: number, random: Random): Tensor2D {
  return tf.tensor2d(
    Float32Array.from({ length: count * codes }, () => gaussian(random)),
    [count, codes],
  );
}
