import { realismRecipe } from '../realism/recipe.ts';

/** Tells digits that a person wrote from pictures that are none: a measure for prototypes, not a part of one. */
export const mnistRealism = realismRecipe(
  { name: 'mnist-realism', title: 'Real MNIST digits against counterfeits', home: 'measures' },
  { steps: 2500, batchSize: 100, learningRate: 1e-3, ascents: 0.3, seed: 1 },
);
