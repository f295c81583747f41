import type { Tensor2D } from '@tensorflow/tfjs-core';
import { PIXELS, SIDE } from '../mnist.ts';
import { seededRandom } from '../random.ts';
import { DIGIT_INPUT, PIXEL_SCALE, type Recipe, type Sheet, type Trained, type Training } from '../recipe.ts';
import type { CoreTensorFlow, SavedModel, TensorFlow } from '../tensorflow.ts';
import { fitMachine, type MachineSchedule } from './fitMachine.ts';
import { hiddenProbability, type Machine, visibleProbability } from './machine.ts';
import { gibbs } from './persistentContrast.ts';
import { pseudoLikelihood } from './pseudoLikelihood.ts';

/** Test digits whose pseudo-likelihood is measured: the first of them. */
export const MEASURED_DIGITS = 1000;

const FOLLOWED_DIGITS = 100;
const EPOCHS_BETWEEN_REPORTS = 5;

/** A recipe of a restricted Boltzmann machine whose model computes log p̃(x). */
export function densityRecipe(about: Pick<Recipe, 'name' | 'title' | 'home'>, schedule: MachineSchedule): Recipe {
  return { ...about, train: (training) => trainDensity(about.name, training, schedule) };
}

async function trainDensity(
  name: string,
  { tf, digits, test, print }: Training,
  schedule: MachineSchedule,
): Promise<Trained> {
  const machine = fitMachine(tf, digits, schedule, ({ epoch, seconds, machine }) => {
    if (epoch % EPOCHS_BETWEEN_REPORTS !== 0) return;
    const likelihood = pseudoLikelihood(tf, machine, test, FOLLOWED_DIGITS);
    const followed = `log pseudo-likelihood of ${FOLLOWED_DIGITS} test digits ${likelihood.toFixed(1)} nats`;
    print(`epoch ${epoch}/${schedule.epochs}: ${followed}, ${seconds.toFixed(1)} s`);
  });
  const likelihood = pseudoLikelihood(tf, machine, test, MEASURED_DIGITS);
  print(`log pseudo-likelihood ${likelihood.toFixed(2)} nats per digit`);
  return {
    model: densityNetwork(tf, name, machine),
    manifest: { input: DIGIT_INPUT, output: { kind: 'regression', layer: 'log-density', unit: 'nats' } },
    metrics: { test_log_pseudo_likelihood: likelihood },
    files: {},
    sheets: {
      samples: samples(tf, machine, test.pixels.subarray(0, CHAINS * PIXELS), schedule.seed),
      filters: filters(machine, schedule.hidden),
    },
  };
}

/**
 * log p̃(x) = bᵀx + Σ_j softplus(c_j + w_jᵀx) as a network: a dense layer of softplus units that are added up, and a
 * linear branch beside it.
 */
export function densityNetwork(tf: TensorFlow, name: string, machine: Machine): SavedModel {
  const [, hidden = 0] = machine.weights.shape;
  const input = tf.input({ name: 'input', shape: [SIDE, SIDE, 1] });
  const pixels = tf.layers.flatten({ name: 'flatten' }).apply(input);
  const units = tf.layers.dense({ name: 'hidden', units: hidden, activation: 'softplus' });
  const summed = tf.layers.dense({ name: 'summed', units: 1, useBias: false });
  const visible = tf.layers.dense({ name: 'visible', units: 1, useBias: false });
  const parts = [summed.apply(units.apply(pixels)), visible.apply(pixels)];
  const model = tf.model({ name, inputs: input, outputs: tf.layers.add({ name: 'log-density' }).apply(parts) });
  units.setWeights([machine.weights, machine.hiddenBias]);
  summed.setWeights([tf.ones([hidden, 1])]);
  visible.setWeights([tf.reshape(machine.visibleBias, [PIXELS, 1])]);
  return model;
}

const CHAINS = 20;
const ROWS = 6;
const SWEEPS_PER_ROW = 200;

/**
 * Chains of Gibbs sampling that start at test digits (the first row); each further row shows the probabilities of the
 * pixels {@link SWEEPS_PER_ROW} sweeps later.
 */
function samples(tf: CoreTensorFlow, machine: Machine, start: Uint8Array, seed: number): Sheet {
  const random = seededRandom(seed);
  const first = Float32Array.from(start, (byte) => byte * PIXEL_SCALE);
  const rows = [...first];
  let chains: Tensor2D = tf.tensor2d(first, [CHAINS, PIXELS]);
  for (let row = 1; row < ROWS; row++) {
    chains = gibbs(tf, machine, chains, SWEEPS_PER_ROW, random);
    const shown = tf.tidy(() => visibleProbability(tf, machine, hiddenProbability(tf, machine, chains)).dataSync());
    rows.push(...shown);
  }
  return { columns: CHAINS, pixels: rows };
}

/** The weights of the first hidden units as pictures: 0 is middle gray, the largest of each is white or black. */
function filters(machine: Machine, hidden: number): Sheet {
  const weights = machine.weights.dataSync();
  const shown = CHAINS * ROWS;
  const pixels = new Float32Array(shown * PIXELS);
  for (let unit = 0; unit < shown; unit++) {
    const own = Float32Array.from({ length: PIXELS }, (_, pixel) => weights[pixel * hidden + unit] ?? 0);
    const largest = own.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0);
    pixels.set(
      own.map((weight) => 0.5 + weight / (2 * largest)),
      unit * PIXELS,
    );
  }
  return { columns: CHAINS, pixels };
}
