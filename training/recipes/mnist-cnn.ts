import { classifier } from '../classifier.ts';

/**
 * Four convolutions and two dense layers, about 2 million multiply-adds. No padding, so that every window sees only
 * real pixels; average pooling, through which relevance spreads smoothly; no batch normalisation.
 */
export const mnistCnn = classifier({
  name: 'mnist-cnn',
  title: 'MNIST digits, convolutional network of six layers',
  build(tf) {
    const he = (seed: number) => tf.initializers.heNormal({ seed });
    const conv = (name: string, filters: number, seed: number, inputShape?: number[]) =>
      tf.layers.conv2d({
        name,
        filters,
        kernelSize: 3,
        activation: 'relu',
        kernelInitializer: he(seed),
        ...(inputShape && { inputShape }),
      });
    return tf.sequential({
      name: 'mnist-cnn',
      layers: [
        conv('conv1', 10, 1, [28, 28, 1]),
        conv('conv2', 16, 2),
        tf.layers.averagePooling2d({ name: 'pool1', poolSize: 2 }),
        conv('conv3', 32, 3),
        conv('conv4', 32, 4),
        tf.layers.averagePooling2d({ name: 'pool2', poolSize: 2 }),
        tf.layers.flatten({ name: 'flatten' }),
        tf.layers.dense({ name: 'dense1', units: 64, activation: 'relu', kernelInitializer: he(5) }),
        tf.layers.dense({ name: 'output', units: 10, activation: 'softmax', kernelInitializer: he(6) }),
      ],
    });
  },
  schedule: {
    epochs: 8,
    batchSize: 100,
    learningRate: 2e-3,
    distortion: { rotation: 0.17, scale: 0.12, shear: 0.12, shift: 2, elastic: 1.2 },
    seed: 1,
  },
});
