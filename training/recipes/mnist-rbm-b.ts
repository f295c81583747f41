import { densityRecipe } from '../rbm/recipe.ts';

/** Another density, never used in an optimisation: it judges the pictures that came out with the first one. */
export const mnistRbmB = densityRecipe(
  { name: 'mnist-rbm-b', title: 'Second density of MNIST digits, to judge by', home: 'measures' },
  { hidden: 400, epochs: 30, batchSize: 100, learningRate: 0.05, weightDecay: 1e-4, sweeps: 1, seed: 2 },
);
