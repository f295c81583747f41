import { SIDE } from '../mnist.ts';
import type { TensorFlow, TrainedModel } from '../tensorflow.ts';

/** Both halves of an autoencoder. */
export interface Autoencoder {
  /** [28, 28, 1] → 2 K: means and logarithms of variances. */
  readonly encoder: TrainedModel;
  /** K → [28, 28, 1] in [0, 1]. */
  readonly decoder: TrainedModel;
}

const QUARTER = SIDE / 4;
const CHANNELS = 32;

/**
 * An untrained autoencoder of digits. The decoder is two dense layers and two transposed convolutions, each of which
 * doubles the sides (kernel 4, stride 2: every pixel is written by as many weights as its neighbours, so that no
 * checkerboard comes of it); the encoder, which is not kept, is dense.
 */
export function untrainedAutoencoder(tf: TensorFlow, name: string, codes: number): Autoencoder {
  let seed = 0;
  const he = () => tf.initializers.heNormal({ seed: ++seed });
  const relu = () => ({ activation: 'relu', kernelInitializer: he() }) as const;
  const doubling = { kernelSize: 4, strides: 2, padding: 'same' } as const;
  const encoder = tf.sequential({
    name: `${name}-encoder`,
    layers: [
      tf.layers.flatten({ name: 'flatten', inputShape: [SIDE, SIDE, 1] }),
      tf.layers.dense({ name: 'encode1', units: 512, ...relu() }),
      tf.layers.dense({ name: 'encode2', units: 256, ...relu() }),
      tf.layers.dense({ name: 'posterior', units: 2 * codes }),
    ],
  });
  const decoder = tf.sequential({
    name,
    layers: [
      tf.layers.dense({ name: 'dense1', units: 128, inputShape: [codes], ...relu() }),
      tf.layers.dense({ name: 'dense2', units: QUARTER * QUARTER * CHANNELS, ...relu() }),
      tf.layers.reshape({ name: 'reshape', targetShape: [QUARTER, QUARTER, CHANNELS] }),
      tf.layers.conv2dTranspose({ name: 'upscale1', filters: CHANNELS, ...doubling, ...relu() }),
      tf.layers.conv2dTranspose({ name: 'picture', filters: 1, ...doubling, activation: 'sigmoid' }),
    ],
  });
  return { encoder, decoder };
}
