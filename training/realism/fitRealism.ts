import type { Scalar, Tensor4D } from '@tensorflow/tfjs-core';
import { type Digits, PIXELS, SIDE } from '../mnist.ts';
import { type Random, seededRandom } from '../random.ts';
import type { TensorFlow, TrainedModel } from '../tensorflow.ts';
import { COUNTERFEITS, type Counterfeit, realDigit } from './counterfeits.ts';

/** How the classifier of real digits is trained: Adam, the learning rate falling to 0 on a half cosine. */
export interface RealismSchedule {
  readonly steps: number;
  /** Real digits of a step, and counterfeits. */
  readonly batchSize: number;
  readonly learningRate: number;
  /** Share of the counterfeits that gradient ascents made. */
  readonly ascents: number;
  readonly seed: number;
}

/** What some steps report: their mean cross-entropy, nats. */
export interface RealismReport {
  readonly step: number;
  readonly loss: number;
  readonly seconds: number;
}

const STEPS_BETWEEN_REPORTS = 250;

/**
 * Trains a classifier in place, whose one output s is the logarithm of the odds that a picture is real: the mean of
 * softplus(−s) over real digits and of softplus(s) over counterfeits, which is the cross-entropy.
 */
export function fitRealism(
  tf: TensorFlow,
  model: TrainedModel,
  digits: Digits,
  ascended: Float32Array,
  schedule: RealismSchedule,
  report: (pass: RealismReport) => void,
): void {
  const random = seededRandom(schedule.seed);
  const optimiser = tf.train.adam(schedule.learningRate);
  const weights = model.trainableWeights.map(({ val }) => val);
  let [started, loss] = [performance.now(), 0];
  for (let step = 1; step <= schedule.steps; step++) {
    optimiser.learningRate = (schedule.learningRate * (1 + Math.cos((Math.PI * step) / schedule.steps))) / 2;
    loss += tf.tidy(() => {
      const pictures = mixedBatch(tf, digits, ascended, schedule, random);
      const cost = () => {
        const [real, made] = tf.split(model.apply(pictures, { training: true }), 2, 0);
        if (real === undefined || made === undefined) throw new RangeError('a batch holds real and made pictures');
        return tf.mean<Scalar>(tf.softplus(tf.concat([tf.neg(real), made])));
      };
      return optimiser.minimize(cost, true, weights)?.dataSync()[0] ?? Number.NaN;
    });
    if (step % STEPS_BETWEEN_REPORTS !== 0) continue;
    report({ step, loss: loss / STEPS_BETWEEN_REPORTS, seconds: (performance.now() - started) / 1000 });
    [started, loss] = [performance.now(), 0];
  }
  optimiser.dispose();
}

/** Real digits, then as many counterfeits: [2 N, 28, 28, 1]. */
function mixedBatch(
  tf: TensorFlow,
  digits: Digits,
  ascended: Float32Array,
  { batchSize, ascents }: RealismSchedule,
  random: Random,
): Tensor4D {
  const kinds: readonly Counterfeit[] = Object.values(COUNTERFEITS);
  const pixels = new Float32Array(2 * batchSize * PIXELS);
  for (let row = 0; row < batchSize; row++) {
    pixels.set(realDigit(digits, random), row * PIXELS);
    const make = random() < ascents ? null : kinds[Math.floor(random() * kinds.length)];
    pixels.set(make ? make(digits, random) : anyOf(ascended, random), (batchSize + row) * PIXELS);
  }
  return tf.tensor4d(pixels, [2 * batchSize, SIDE, SIDE, 1]);
}

function anyOf(pictures: Float32Array, random: Random): Float32Array {
  const index = Math.floor((random() * pictures.length) / PIXELS);
  return pictures.subarray(index * PIXELS, (index + 1) * PIXELS);
}
