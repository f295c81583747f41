import type { Tensor2D, Variable } from '@tensorflow/tfjs-core';
import { PIXELS } from '../mnist.ts';
import { gaussian, type Random } from '../random.ts';
import type { CoreTensorFlow } from '../tensorflow.ts';

/**
 * A restricted Boltzmann machine of binary units: p(v, h) ∝ exp(bᵀv + cᵀh + vᵀWh)
 * (Smolensky 1986; Hinton 2010, "A practical guide to training restricted Boltzmann machines").
 */
export interface Machine {
  /** W, [visible, hidden]. */
  readonly weights: Variable;
  /** b, [visible]. */
  readonly visibleBias: Variable;
  /** c, [hidden]. */
  readonly hiddenBias: Variable;
}

/** p(h_j = 1 | v) = σ(c + vW), [N, hidden]. */
export function hiddenProbability(tf: CoreTensorFlow, machine: Machine, visible: Tensor2D): Tensor2D {
  return tf.sigmoid(tf.add(tf.matMul(visible, machine.weights), machine.hiddenBias));
}

/** p(v_i = 1 | h) = σ(b + hWᵀ), [N, visible]. */
export function visibleProbability(tf: CoreTensorFlow, machine: Machine, hidden: Tensor2D): Tensor2D {
  return tf.sigmoid(tf.add(tf.matMul(hidden, machine.weights, false, true), machine.visibleBias));
}

/**
 * log p̃(v) = bᵀv + Σ_j softplus(c_j + w_jᵀv): the logarithm of the sum of exp(bᵀv + cᵀh + vᵀWh) over all h, which is
 * log p(v) up to a constant. [N], nats.
 */
export function logDensity(tf: CoreTensorFlow, machine: Machine, visible: Tensor2D) {
  const hidden = tf.softplus(tf.add(tf.matMul(visible, machine.weights), machine.hiddenBias));
  return tf.add(tf.sum(tf.mul(visible, machine.visibleBias), 1), tf.sum(hidden, 1));
}

/** Draws ones and zeros, each one with its own probability. */
export function bernoulli(tf: CoreTensorFlow, probability: Tensor2D, random: Random): Tensor2D {
  const uniform = new Float32Array(probability.size);
  for (let at = 0; at < uniform.length; at++) uniform[at] = random();
  return tf.cast(tf.less(tf.tensor2d(uniform, probability.shape), probability), 'float32');
}

/** A machine before training: weights from N(0, 0.01²), c = 0, and b such that the mean picture comes out of it. */
export function untrainedMachine(
  tf: CoreTensorFlow,
  hidden: number,
  meanPicture: ArrayLike<number>,
  random: Random,
): Machine {
  const logits = Array.from(meanPicture, (mean) => {
    const probability = Math.min(Math.max(mean, RAREST), 1 - RAREST);
    return Math.log(probability / (1 - probability));
  });
  const weights = Float32Array.from({ length: PIXELS * hidden }, () => 0.01 * gaussian(random));
  return {
    weights: tf.variable(tf.tensor2d(weights, [PIXELS, hidden])),
    visibleBias: tf.variable(tf.tensor1d(logits)),
    hiddenBias: tf.variable(tf.zeros([hidden])),
  };
}

/** A pixel that is never white is taken to be white so often: log-odds of −6.9 instead of −∞. */
const RAREST = 1e-3;
