import type { Tensor2D } from '@tensorflow/tfjs-core';
import { type Digits, PIXELS } from '../mnist.ts';
import { permutation, type Random, seededRandom } from '../random.ts';
import { PIXEL_SCALE } from '../recipe.ts';
import type { CoreTensorFlow } from '../tensorflow.ts';
import { type Machine, untrainedMachine } from './machine.ts';
import { contrastStep } from './persistentContrast.ts';

/** How a machine is trained. */
export interface MachineSchedule {
  /** Hidden units. */
  readonly hidden: number;
  readonly epochs: number;
  /** Digits of a step, and chains. */
  readonly batchSize: number;
  /** Learning rate of the first step; it falls to 0 in a straight line. */
  readonly learningRate: number;
  readonly weightDecay: number;
  /** Sweeps of the chains in a step. */
  readonly sweeps: number;
  readonly seed: number;
}

/** What one pass over the digits reports. */
export interface MachineReport {
  readonly epoch: number;
  readonly seconds: number;
  readonly machine: Machine;
}

/**
 * Trains a machine by persistent contrastive divergence. A gray value is the probability of a white pixel, and black
 * and white are drawn anew each time that a digit is seen.
 */
export function fitMachine(
  tf: CoreTensorFlow,
  digits: Digits,
  schedule: MachineSchedule,
  report: (pass: MachineReport) => void,
): Machine {
  const random = seededRandom(schedule.seed);
  const machine = untrainedMachine(tf, schedule.hidden, meanPicture(digits), random);
  const steps = Math.floor(digits.count / schedule.batchSize);
  let chains = drawn(tf, digits, permutation(digits.count, random).subarray(0, schedule.batchSize), random);
  for (let epoch = 0; epoch < schedule.epochs; epoch++) {
    const started = performance.now();
    const order = permutation(digits.count, random);
    for (let step = 0; step < steps; step++) {
      const done = (epoch * steps + step) / (schedule.epochs * steps);
      const chosen = order.subarray(step * schedule.batchSize, (step + 1) * schedule.batchSize);
      const batch = drawn(tf, digits, chosen, random);
      const settings = { ...schedule, learningRate: schedule.learningRate * (1 - done) };
      const moved = contrastStep(tf, machine, batch, chains, settings, random);
      tf.dispose([batch, chains]);
      chains = moved;
    }
    report({ epoch: epoch + 1, seconds: (performance.now() - started) / 1000, machine });
  }
  tf.dispose(chains);
  return machine;
}

/** Some digits in black and white, drawn by their gray values. */
function drawn(tf: CoreTensorFlow, digits: Digits, chosen: Uint32Array, random: Random): Tensor2D {
  const visible = new Float32Array(chosen.length * PIXELS);
  for (let at = 0; at < visible.length; at++) {
    const digit = chosen[Math.floor(at / PIXELS)] ?? 0;
    const gray = (digits.pixels[digit * PIXELS + (at % PIXELS)] ?? 0) * PIXEL_SCALE;
    visible[at] = gray > random() ? 1 : 0;
  }
  return tf.tensor2d(visible, [chosen.length, PIXELS]);
}

function meanPicture(digits: Digits): Float64Array {
  const mean = new Float64Array(PIXELS);
  for (let at = 0; at < digits.count * PIXELS; at++) {
    const pixel = at % PIXELS;
    mean[pixel] = (mean[pixel] ?? 0) + ((digits.pixels[at] ?? 0) * PIXEL_SCALE) / digits.count;
  }
  return mean;
}
