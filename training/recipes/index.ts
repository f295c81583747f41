import type { Recipe } from '../recipe.ts';
import { mnistCnn } from './mnist-cnn.ts';
import { mnistDecoder } from './mnist-decoder.ts';
import { mnistMlp } from './mnist-mlp.ts';
import { mnistRbm } from './mnist-rbm.ts';
import { mnistRbmB } from './mnist-rbm-b.ts';
import { mnistRealism } from './mnist-realism.ts';

/** All recipes by name. */
export const recipes: ReadonlyMap<string, Recipe> = new Map(
  [mnistMlp, mnistCnn, mnistRbm, mnistDecoder, mnistRbmB, mnistRealism].map((recipe) => [recipe.name, recipe]),
);
