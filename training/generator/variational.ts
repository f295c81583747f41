import type { Scalar, Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import type { CoreTensorFlow } from '../tensorflow.ts';

/** A code's normal distribution given a picture. */
export interface Posterior {
  /** [N, K]. */
  readonly mean: Tensor2D;
  /** log σ², [N, K]. */
  readonly logVariance: Tensor2D;
}

/** Splits what an encoder computes, [N, 2 K]: means, then logarithms of variances. */
export function posterior(tf: CoreTensorFlow, encoded: Tensor): Posterior {
  const [mean, logVariance] = tf.split<Tensor2D>(encoded, 2, 1);
  if (mean === undefined || logVariance === undefined) throw new RangeError('an encoder computes two numbers per code');
  return { mean, logVariance };
}

/** z = μ + σ ε: a code drawn from its distribution by ε ~ N(0, 1) (Kingma and Welling 2013, section 2.4). */
export function drawCode(tf: CoreTensorFlow, { mean, logVariance }: Posterior, noise: Tensor2D): Tensor2D {
  return tf.add(mean, tf.mul(tf.exp(tf.div(logVariance, 2)), noise));
}

/** KL(N(μ, σ²) ‖ N(0, 1)) = ½ Σ_k (μ_k² + σ_k² − log σ_k² − 1), the mean over the pictures, nats. */
export function divergence(tf: CoreTensorFlow, { mean, logVariance }: Posterior): Scalar {
  const perUnit = tf.sub(tf.add(tf.square(mean), tf.exp(logVariance)), tf.add(logVariance, 1));
  return tf.div(tf.mean(tf.sum(perUnit, 1)), 2);
}

/** −Σ_i x_i log y_i + (1 − x_i) log(1 − y_i), the mean over the pictures, nats. */
export function crossEntropy(tf: CoreTensorFlow, pictures: Tensor, decoded: Tensor): Scalar {
  const y = tf.clipByValue(decoded, SMALLEST, 1 - SMALLEST);
  const black = tf.mul(tf.sub(1, pictures), tf.log(tf.sub(1, y)));
  const perPixel = tf.add(tf.mul(pictures, tf.log(y)), black);
  return tf.div(tf.neg(tf.sum(perPixel)), pictures.shape[0] ?? 1);
}

/** Keeps logarithms of float32 finite. */
const SMALLEST = 1e-6;
