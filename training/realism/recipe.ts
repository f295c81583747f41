import { join } from 'node:path';
import { type Digits, PIXELS, SIDE } from '../mnist.ts';
import { openModel } from '../openModel.ts';
import { type Random, seededRandom } from '../random.ts';
import { DIGIT_INPUT, PIXEL_SCALE, type Recipe, type Trained, type Training } from '../recipe.ts';
import type { TensorFlow, TrainedModel } from '../tensorflow.ts';
import { areaUnderCurve } from './areaUnderCurve.ts';
import { ascents } from './ascents.ts';
import { COUNTERFEITS, type Counterfeit } from './counterfeits.ts';
import { fitRealism, type RealismSchedule } from './fitRealism.ts';

/** Classifiers whose gradient ascents are counterfeits. */
const CLASSIFIERS = ['mnist-mlp', 'mnist-cnn'];

/** Batches of ascents of each classifier to learn from, and to measure by. */
const ROUNDS = { training: 3, test: 1 };

/** Real test digits, and counterfeits of each kind, that are measured. */
const MEASURED = 1000;
const SHOWN = 20;

/** A recipe of a classifier of real digits against counterfeits: its score is a measure of realism. */
export function realismRecipe(about: Pick<Recipe, 'name' | 'title' | 'home'>, schedule: RealismSchedule): Recipe {
  return { ...about, train: (training) => trainRealism(about.name, training, schedule) };
}

async function trainRealism(
  name: string,
  { tf, digits, test, zoo, print }: Training,
  schedule: RealismSchedule,
): Promise<Trained> {
  const [learned, unseen] = [seededRandom(schedule.seed), seededRandom(schedule.seed + 1)];
  const classifiers = await Promise.all(CLASSIFIERS.map((classifier) => openModel(tf, join(zoo, classifier))));
  const ascended = (rounds: number, random: Random) =>
    Float32Array.from(classifiers.flatMap((classifier) => [...ascents(tf, classifier, digits, rounds, random)]));
  const model = untrainedRealism(tf, name);
  fitRealism(tf, model, digits, ascended(ROUNDS.training, learned), schedule, ({ step, loss, seconds }) => {
    print(`step ${step}/${schedule.steps}: loss ${loss.toFixed(4)}, ${seconds.toFixed(1)} s`);
  });
  const kinds = { ...counterfeits(test, unseen), ascent: ascended(ROUNDS.test, unseen) };
  const real = scores(tf, model, drawn(digitAsItIs, test, unseen));
  const made = Object.entries(kinds).map(([kind, pictures]) => [kind, scores(tf, model, pictures)] as const);
  const areas = made.map(([kind, own]) => [`area_${kind}`, areaUnderCurve(real, own)] as const);
  for (const [kind, area] of areas) print(`${kind}: ${area.toFixed(4)}`);
  return {
    model,
    manifest: { input: DIGIT_INPUT, output: { kind: 'regression', layer: 'log-odds', unit: 'nats' } },
    metrics: {
      test_area_under_curve: areaUnderCurve(
        real,
        made.flatMap(([, own]) => [...own]),
      ),
      ...Object.fromEntries(areas),
    },
    files: {},
    sheets: {
      counterfeits: {
        columns: SHOWN,
        pixels: Object.values(kinds).flatMap((pictures) => [...pictures.subarray(0, SHOWN * PIXELS)]),
      },
    },
  };
}

/** Two convolutions and two dense layers, about 0.6 million multiply-adds; its one output is log p(real) − log p(made). */
function untrainedRealism(tf: TensorFlow, name: string): TrainedModel {
  let seed = 0;
  const relu = () => ({ activation: 'relu', kernelInitializer: tf.initializers.heNormal({ seed: ++seed }) }) as const;
  return tf.sequential({
    name,
    layers: [
      tf.layers.conv2d({
        name: 'conv1',
        filters: 16,
        kernelSize: 5,
        strides: 2,
        inputShape: [SIDE, SIDE, 1],
        ...relu(),
      }),
      tf.layers.conv2d({ name: 'conv2', filters: 32, kernelSize: 3, ...relu() }),
      tf.layers.averagePooling2d({ name: 'pool', poolSize: 2 }),
      tf.layers.flatten({ name: 'flatten' }),
      tf.layers.dense({ name: 'dense', units: 48, ...relu() }),
      tf.layers.dense({ name: 'log-odds', units: 1 }),
    ],
  });
}

/** The logarithm of the odds that each picture is real. */
function scores(tf: TensorFlow, model: TrainedModel, pictures: Float32Array): Float32Array {
  const count = pictures.length / PIXELS;
  return tf.tidy(() => Float32Array.from(model.apply(tf.tensor4d(pictures, [count, SIDE, SIDE, 1])).dataSync()));
}

const digitAsItIs: Counterfeit = (digits, random) => {
  const index = Math.floor(random() * digits.count);
  const bytes = digits.pixels.subarray(index * PIXELS, (index + 1) * PIXELS);
  return Float32Array.from(bytes, (byte) => byte * PIXEL_SCALE);
};

/** Many pictures of one kind, one after another. */
function drawn(make: Counterfeit, digits: Digits, random: Random): Float32Array {
  const pictures = new Float32Array(MEASURED * PIXELS);
  for (let row = 0; row < MEASURED; row++) pictures.set(make(digits, random), row * PIXELS);
  return pictures;
}

function counterfeits(digits: Digits, random: Random): Readonly<Record<string, Float32Array>> {
  return Object.fromEntries(Object.entries(COUNTERFEITS).map(([kind, make]) => [kind, drawn(make, digits, random)]));
}
