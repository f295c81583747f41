import { join } from 'node:path';
import { classMeans } from './classMeans.ts';
import { accuracy, confidences, fitModel } from './fitting.ts';
import { readDigits } from './mnist.ts';
import type { Recipe } from './recipe.ts';
import { readSamples } from './samples.ts';
import { loadTensorFlow } from './tensorflow.ts';
import { writeZooFolder } from './zooFolder.ts';

/** Where training reads and writes. */
export interface Places {
  /** Folder of the four gzipped MNIST files. */
  readonly data: string;
  /** Folder of the models. */
  readonly zoo: string;
  /** Folder of the sample digits. */
  readonly samples: string;
}

/**
 * Trains one model, measures it once on the 10,000 test digits, and writes its folder.
 * @param load how TensorFlow is loaded; tests pass their own
 * @throws TensorFlowMissing before anything else when TensorFlow is not installed
 */
export async function train(
  recipe: Recipe,
  places: Places,
  print: (line: string) => void,
  load = loadTensorFlow,
): Promise<void> {
  const tf = await load();
  const [training, test] = [await readDigits(places.data, 'train'), await readDigits(places.data, 't10k')];
  const model = recipe.build(tf);
  fitModel(tf, model, training, recipe.schedule, ({ epoch, epochs, loss, seconds }) => {
    print(`epoch ${epoch}/${epochs}: loss ${loss.toFixed(4)}, ${seconds.toFixed(1)} s`);
  });
  const testAccuracy = accuracy(tf, model, test);
  const outcome = { testAccuracy, means: classMeans(training) };
  await writeZooFolder(tf, model, recipe, outcome, join(places.zoo, recipe.name));
  print(`test accuracy ${(100 * testAccuracy).toFixed(2)} %`);
  const samples = confidences(tf, model, await readSamples(places.samples));
  print(`probability of the sample digits 0 to 9: ${samples.map((p) => p.toFixed(4)).join(' ')}`);
}
