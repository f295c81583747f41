import { join } from 'node:path';
import { classMeans } from './classMeans.ts';
import { accuracy, confidences, fitModel, type Schedule } from './fitting.ts';
import { CLASSES, SIDE } from './mnist.ts';
import { encodeNpy } from './npy.ts';
import { DIGIT_INPUT, type Recipe, type Trained, type Training } from './recipe.ts';
import { readSamples } from './samples.ts';
import type { TensorFlow, TrainedModel } from './tensorflow.ts';

/** What makes one classifier of digits. */
export interface ClassifierSpec {
  readonly name: string;
  readonly title: string;
  /** Builds the untrained model: input [28, 28, 1] in [0, 1], last layer `output` with softmax. */
  build(tf: TensorFlow): TrainedModel;
  readonly schedule: Schedule;
}

const MEANS = 'means.npy';

/** A recipe of a classifier of digits, whose companions are the class means and the zoo's density and generator. */
export function classifier(spec: ClassifierSpec): Recipe {
  const { name, title } = spec;
  return { name, title, home: 'zoo', train: (training) => trainClassifier(spec, training) };
}

async function trainClassifier(
  { build, schedule }: ClassifierSpec,
  { tf, digits, test, zoo, print }: Training,
): Promise<Trained> {
  const model = build(tf);
  fitModel(tf, model, digits, schedule, ({ epoch, epochs, loss, seconds }) => {
    print(`epoch ${epoch}/${epochs}: loss ${loss.toFixed(4)}, ${seconds.toFixed(1)} s`);
  });
  const testAccuracy = accuracy(tf, model, test);
  print(`test accuracy ${(100 * testAccuracy).toFixed(2)} %`);
  const samples = confidences(tf, model, await readSamples(join(zoo, 'samples')));
  print(`probability of the sample digits 0 to 9: ${samples.map((p) => p.toFixed(4)).join(' ')}`);
  return {
    model,
    manifest: {
      input: DIGIT_INPUT,
      output: {
        kind: 'classification',
        layer: 'output',
        labels: Array.from({ length: CLASSES }, (_, digit) => `${digit}`),
      },
      companions: { classMeans: MEANS, density: 'mnist-rbm', generator: 'mnist-decoder' },
    },
    metrics: { test_accuracy: testAccuracy },
    files: { [MEANS]: encodeNpy([CLASSES, 1, SIDE, SIDE], classMeans(digits)) },
    sheets: {},
  };
}
