import type { Tensor2D } from '@tensorflow/tfjs-core';
import { type Digits, PIXELS } from '../mnist.ts';
import { PIXEL_SCALE } from '../recipe.ts';
import type { CoreTensorFlow } from '../tensorflow.ts';
import type { Machine } from './machine.ts';

/**
 * Mean log pseudo-likelihood of some digits in black and white (white from a gray of ½), nats per digit, exact over all
 * pixels (Besag 1975): Σ_i log p(v_i | v without i) = Σ_i log σ(log p̃(v) − log p̃(v with v_i flipped)).
 */
export function pseudoLikelihood(tf: CoreTensorFlow, machine: Machine, digits: Digits, count: number): number {
  let total = 0;
  for (let digit = 0; digit < count; digit++) {
    const bytes = digits.pixels.subarray(digit * PIXELS, (digit + 1) * PIXELS);
    const visible = Float32Array.from(bytes, (byte) => Number(byte * PIXEL_SCALE >= 0.5));
    const [own = Number.NaN] = tf.tidy(() => ofOne(tf, machine, tf.tensor2d(visible, [1, PIXELS])).dataSync());
    total += own;
  }
  return total / count;
}

/** Of one visible state [1, visible]: flipping v_i moves c + vW by (1 − 2 v_i) times row i of W. */
function ofOne(tf: CoreTensorFlow, { weights, visibleBias, hiddenBias }: Machine, visible: Tensor2D) {
  const side = tf.reshape(tf.sub(1, tf.mul(visible, 2)), [-1, 1]);
  const before = tf.add(tf.matMul(visible, weights), hiddenBias);
  const after = tf.add(before, tf.mul(weights, side));
  const gained = tf.sub(tf.sum(tf.softplus(after), 1), tf.sum(tf.softplus(before)));
  const flipped = tf.add(gained, tf.mul(visibleBias, tf.reshape(side, [-1])));
  return tf.sum(tf.logSigmoid(tf.neg(flipped)));
}
