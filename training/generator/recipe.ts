import { join } from 'node:path';
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { type Digits, PIXELS } from '../mnist.ts';
import { openModel } from '../openModel.ts';
import { seededRandom } from '../random.ts';
import type { Recipe, Trained, Training } from '../recipe.ts';
import type { TensorFlow, TrainedModel } from '../tensorflow.ts';
import { type Autoencoder, untrainedAutoencoder } from './autoencoder.ts';
import { type AutoencoderSchedule, fitAutoencoder, grayPictures, normal } from './fitAutoencoder.ts';
import { posterior } from './variational.ts';

/** Which classifier is asked whether the pictures of random codes are digits, and how sure it has to be. */
const JUDGE = 'mnist-cnn';
const SURE = 0.9;

const SAMPLES = 1000;
const COLUMNS = 20;
const ROWS = 6;
const CHUNK = 1000;

/** A recipe of a generator: the decoder of a variational autoencoder. */
export function generatorRecipe(about: Pick<Recipe, 'name' | 'title' | 'home'>, schedule: AutoencoderSchedule): Recipe {
  return { ...about, train: (training) => trainGenerator(about.name, training, schedule) };
}

async function trainGenerator(
  name: string,
  { tf, digits, test, zoo, print }: Training,
  schedule: AutoencoderSchedule,
): Promise<Trained> {
  const judge = await openModel(tf, join(zoo, JUDGE));
  const autoencoder = untrainedAutoencoder(tf, name, schedule.codes);
  fitAutoencoder(tf, autoencoder, digits, schedule, ({ epoch, crossEntropy, divergence, seconds }) => {
    const bound = `cross-entropy ${crossEntropy.toFixed(1)} + divergence ${divergence.toFixed(1)} nats`;
    print(`epoch ${epoch}/${schedule.epochs}: ${bound}, ${seconds.toFixed(1)} s`);
  });
  const error = squaredError(tf, autoencoder, test);
  const samples = tf.tidy(() => {
    const codes = normal(tf, SAMPLES, schedule.codes, seededRandom(schedule.seed));
    return tf.keep(autoencoder.decoder.apply(codes));
  });
  const recognised = shareRecognised(tf, judge, samples);
  print(
    `squared error ${error.toFixed(5)} per pixel; ${JUDGE} is sure of ${(100 * recognised).toFixed(1)} % of samples`,
  );
  return {
    model: autoencoder.decoder,
    manifest: {
      input: { kind: 'tensor', shape: [schedule.codes] },
      output: { kind: 'regression' },
    },
    metrics: { test_squared_error: error, samples_recognised: recognised },
    files: {},
    sheets: {
      samples: { columns: COLUMNS, pixels: samples.dataSync().subarray(0, ROWS * COLUMNS * PIXELS) },
      reconstructions: { columns: COLUMNS, pixels: reconstructions(tf, autoencoder, test) },
    },
  };
}

/** A picture decoded from the mean of its code. */
function reconstructed(tf: TensorFlow, { encoder, decoder }: Autoencoder, pictures: Tensor4D): Tensor {
  return decoder.apply(posterior(tf, encoder.apply(pictures)).mean);
}

/** Mean over all digits and pixels of (x − x')², x' being x decoded from its mean code. */
function squaredError(tf: TensorFlow, autoencoder: Autoencoder, digits: Digits): number {
  let total = 0;
  for (let start = 0; start < digits.count; start += CHUNK) {
    total += tf.tidy(() => {
      const pictures = grayPictures(tf, digits, range(start, Math.min(start + CHUNK, digits.count)));
      const [sum = Number.NaN] = tf
        .sum(tf.squaredDifference(pictures, reconstructed(tf, autoencoder, pictures)))
        .dataSync();
      return sum;
    });
  }
  return total / (digits.count * PIXELS);
}

/** Share of pictures of which a classifier is sure, whatever digit it sees. */
function shareRecognised(tf: TensorFlow, judge: TrainedModel, pictures: Tensor): number {
  const largest = tf.tidy(() => tf.max(judge.apply(pictures), 1).dataSync());
  return largest.filter((probability) => probability >= SURE).length / largest.length;
}

/** Rows of test digits, each above the same digits decoded from their mean codes. */
function reconstructions(tf: TensorFlow, autoencoder: Autoencoder, test: Digits): Float32Array {
  const rows = new Float32Array(ROWS * COLUMNS * PIXELS);
  for (let pair = 0; pair < ROWS / 2; pair++) {
    tf.tidy(() => {
      const pictures = grayPictures(tf, test, range(pair * COLUMNS, (pair + 1) * COLUMNS));
      rows.set(pictures.dataSync(), 2 * pair * COLUMNS * PIXELS);
      rows.set(reconstructed(tf, autoencoder, pictures).dataSync(), (2 * pair + 1) * COLUMNS * PIXELS);
    });
  }
  return rows;
}

function range(from: number, to: number): Uint32Array {
  return Uint32Array.from({ length: to - from }, (_, index) => from + index);
}
