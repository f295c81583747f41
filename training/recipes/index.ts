import type { Recipe } from '../recipe.ts';
import { mnistCnn } from './mnist-cnn.ts';
import { mnistMlp } from './mnist-mlp.ts';

/** All recipes by name. */
export const recipes: ReadonlyMap<string, Recipe> = new Map(
  [mnistMlp, mnistCnn].map((recipe) => [recipe.name, recipe]),
);
