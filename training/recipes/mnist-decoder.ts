import { generatorRecipe } from '../generator/recipe.ts';

/** The generator of activation maximisation: every code near the normal distribution becomes a digit. */
export const mnistDecoder = generatorRecipe(
  { name: 'mnist-decoder', title: 'Generator of MNIST digits, decoder of a variational autoencoder', home: 'zoo' },
  { codes: 20, epochs: 20, batchSize: 100, learningRate: 2e-3, warmUp: 2, seed: 1 },
);
