import { densityRecipe } from '../rbm/recipe.ts';

/** The expert of activation maximisation: how likely a picture is to be a digit. */
export const mnistRbm = densityRecipe(
  { name: 'mnist-rbm', title: 'Density of MNIST digits, restricted Boltzmann machine', home: 'zoo' },
  { hidden: 500, epochs: 60, batchSize: 100, learningRate: 0.05, weightDecay: 2e-4, sweeps: 1, seed: 1 },
);
