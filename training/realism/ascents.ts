import type { Tensor } from '@tensorflow/tfjs-core';
import { classMeans } from '../classMeans.ts';
import { CLASSES, type Digits, PIXELS, SIDE } from '../mnist.ts';
import type { Random } from '../random.ts';
import type { TensorFlow, TrainedModel } from '../tensorflow.ts';

const PICTURES = 200;

/** After so many steps a picture is kept. */
const KEPT = [4, 10, 25, 50];

/**
 * What simple activation maximisation makes of a picture: gradient ascent on log p(c | x) − λ ‖x − x₀‖² for random
 * classes c, in the box [0, 1]. It starts at x₀, the mean of all digits, of a class, or black, or at noise around it;
 * λ is 10⁻⁴ … 10⁻¹. {@link PICTURES} of them, each at four stages.
 * @param rounds how many batches of pictures
 * @returns pictures of 28 × 28, one after another
 */
export function ascents(
  tf: TensorFlow,
  model: TrainedModel,
  digits: Digits,
  rounds: number,
  random: Random,
): Float32Array {
  const means = classMeans(digits);
  const kept = Array.from({ length: rounds }, () => tf.tidy(() => oneRound(tf, model, means, random)));
  return Float32Array.from(kept.flat(2));
}

function oneRound(tf: TensorFlow, model: TrainedModel, means: Float32Array, random: Random): number[][] {
  const plan = Array.from({ length: PICTURES }, () => startOf(means, random));
  const origin = tf.tensor4d(
    plan.flatMap(({ start }) => [...start]),
    [PICTURES, SIDE, SIDE, 1],
  );
  const wanted = tf.oneHot(
    plan.map(({ label }) => label),
    CLASSES,
  );
  const perPicture = (values: number[]) => tf.tensor4d(values, [PICTURES, 1, 1, 1]);
  const pull = perPicture(plan.map(({ lambda }) => lambda));
  const step = perPicture(plan.map(({ step }) => step));
  const noise = tf.mul(
    tf.randomUniform(origin.shape, -1, 1, 'float32', random() * 2 ** 31),
    perPicture(plan.map(({ noise }) => noise)),
  );
  const objective = tf.grad((x: Tensor) => {
    const logarithm = tf.log(tf.clipByValue(model.apply(x), 1e-7, 1));
    return tf.sub(tf.sum(tf.mul(logarithm, wanted)), tf.sum(tf.mul(pull, tf.squaredDifference(x, origin))));
  });
  let x: Tensor = tf.clipByValue(tf.add(origin, noise), 0, 1);
  const kept: number[][] = [];
  for (let done = 1; done <= Math.max(...KEPT); done++) {
    x = tf.tidy(() => {
      const gradient = objective(x);
      const largest = tf.max(tf.abs(gradient), [1, 2, 3], true);
      return tf.clipByValue(tf.add(x, tf.mul(step, tf.div(gradient, tf.add(largest, 1e-12)))), 0, 1);
    });
    if (KEPT.includes(done)) kept.push([...x.dataSync()]);
  }
  return kept;
}

/** Where an ascent starts, and how it goes. */
function startOf(means: Float32Array, random: Random) {
  const kind = random();
  const from = Math.floor(random() * CLASSES);
  const meanOf = (label: number) => means.subarray(label * PIXELS, (label + 1) * PIXELS);
  const overall = () =>
    Float32Array.from({ length: PIXELS }, (_, pixel) => {
      let sum = 0;
      for (let label = 0; label < CLASSES; label++) sum += means[label * PIXELS + pixel] ?? 0;
      return sum / CLASSES;
    });
  const label = Math.floor(random() * CLASSES);
  const start = kind < 0.4 ? overall() : kind < 0.8 ? meanOf(kind < 0.7 ? label : from) : new Float32Array(PIXELS);
  return {
    start,
    label,
    lambda: 10 ** (-4 + 3 * random()),
    step: 0.02 + 0.18 * random(),
    noise: 0.3 * Math.max(0, random() - 0.5),
  };
}
