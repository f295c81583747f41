import { join } from 'node:path';
import { writeContactSheet } from './contactSheet.ts';
import { readDigits } from './mnist.ts';
import { writeModelFolder } from './modelFolder.ts';
import { folderOf, type Places } from './places.ts';
import type { Recipe } from './recipe.ts';
import { loadTensorFlow } from './tensorflow.ts';

/**
 * Trains one model, measures it once on the test digits, and writes its folder and its contact sheets.
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
  const [digits, test] = [await readDigits(places.data, 'train'), await readDigits(places.data, 't10k')];
  const trained = await recipe.train({ tf, digits, test, zoo: places.zoo, print });
  await writeModelFolder(tf, recipe, trained, folderOf(recipe, places));
  for (const [what, sheet] of Object.entries(trained.sheets)) {
    await writeContactSheet(sheet, join(places.figures, `${recipe.name}-${what}.png`));
  }
}
