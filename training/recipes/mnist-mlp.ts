import { classifier } from '../classifier.ts';

/** Three dense layers: the smallest network with which the propagation rules show their character. */
export const mnistMlp = classifier({
  name: 'mnist-mlp',
  title: 'MNIST digits, perceptron of three dense layers',
  build(tf) {
    const dense = (name: string, units: number, seed: number) =>
      tf.layers.dense({ name, units, activation: 'relu', kernelInitializer: tf.initializers.heNormal({ seed }) });
    return tf.sequential({
      name: 'mnist-mlp',
      layers: [
        tf.layers.flatten({ name: 'flatten', inputShape: [28, 28, 1] }),
        dense('dense1', 300, 1),
        dense('dense2', 100, 2),
        tf.layers.dense({
          name: 'output',
          units: 10,
          activation: 'softmax',
          kernelInitializer: tf.initializers.heNormal({ seed: 3 }),
        }),
      ],
    });
  },
  schedule: {
    epochs: 8,
    batchSize: 100,
    learningRate: 1e-3,
    distortion: { rotation: 0.15, scale: 0.1, shear: 0.1, shift: 1.5, elastic: 1 },
    seed: 1,
  },
});
