import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import type { Random } from '../random.ts';
import type { CoreTensorFlow } from '../tensorflow.ts';
import { bernoulli, hiddenProbability, type Machine, visibleProbability } from './machine.ts';

/** How one step of persistent contrastive divergence goes. */
export interface ContrastStep {
  readonly learningRate: number;
  /** λ of −λ/2 ‖W‖². */
  readonly weightDecay: number;
  /** Sweeps of Gibbs sampling that the chains make: hidden units, then visible ones. */
  readonly sweeps: number;
}

/** Gibbs sampling: so many times h ~ p(h | v), then v ~ p(v | h). */
export function gibbs(
  tf: CoreTensorFlow,
  machine: Machine,
  visible: Tensor2D,
  sweeps: number,
  random: Random,
): Tensor2D {
  return tf.tidy(() => {
    let state = visible;
    for (let sweep = 0; sweep < sweeps; sweep++) {
      const hidden = bernoulli(tf, hiddenProbability(tf, machine, state), random);
      state = bernoulli(tf, visibleProbability(tf, machine, hidden), random);
    }
    return sweeps === 0 ? tf.clone(state) : state;
  });
}

/**
 * One step up the likelihood (Tieleman 2008, "Training restricted Boltzmann machines using approximations to the
 * likelihood gradient"):
 * ΔW = η (⟨v p(h | v)ᵀ⟩_digits − ⟨v p(h | v)ᵀ⟩_chains − λW), and the same without λ for b by ⟨v⟩ and c by ⟨p(h | v)⟩.
 * The chains go on from where the last step left them; their weight is the machine's of before this step.
 * @param digits the visible units of some digits, [N, visible]
 * @param chains the visible units of the chains, [M, visible]
 * @returns where the chains are now
 */
export function contrastStep(
  tf: CoreTensorFlow,
  machine: Machine,
  digits: Tensor2D,
  chains: Tensor2D,
  { learningRate, weightDecay, sweeps }: ContrastStep,
  random: Random,
): Tensor2D {
  return tf.tidy(() => {
    const moved = gibbs(tf, machine, chains, sweeps, random);
    const [up, down] = [statistics(tf, machine, digits), statistics(tf, machine, moved)];
    const climb = (from: Tensor, to: Tensor, rate: number) => tf.mul(tf.sub(to, from), rate);
    const decay = tf.mul(machine.weights, learningRate * weightDecay);
    const weights = tf.sub(climb(down.weights, up.weights, learningRate), decay);
    machine.weights.assign(tf.add(machine.weights, weights));
    machine.visibleBias.assign(tf.add(machine.visibleBias, climb(down.visible, up.visible, learningRate)));
    machine.hiddenBias.assign(tf.add(machine.hiddenBias, climb(down.hidden, up.hidden, learningRate)));
    return moved;
  });
}

/** The mean of v p(h | v)ᵀ, of v and of p(h | v) over some visible states. */
function statistics(tf: CoreTensorFlow, machine: Machine, visible: Tensor2D) {
  const hidden = hiddenProbability(tf, machine, visible);
  const [count] = visible.shape;
  return {
    weights: tf.div(tf.matMul(visible, hidden, true, false), count),
    visible: tf.mean(visible, 0),
    hidden: tf.mean(hidden, 0),
  };
}
