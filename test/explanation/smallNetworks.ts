import type { ActivationFunction, Network } from '../../models/network.ts';
import { chain, type LayerSketch, NetworkSketch, randomTensor } from './networks.ts';

const NONE = [0, 0, 0, 0] as const;

export function activation(name: 'relu' | 'tanh' | 'softplus' | 'sigmoid'): LayerSketch {
  return { type: 'activation', function: { name } satisfies ActivationFunction };
}

export function dense(inputs: number, outputs: number, seed: number, bias = true): LayerSketch {
  const weight = randomTensor([outputs, inputs], seed);
  return { type: 'dense', weight, bias: bias ? randomTensor([outputs], seed + 1, 0.3) : null };
}

/** A convolution with kernels of 3 × 3 (1 × 3 for a signal's height of 1) that keeps the size. */
export function convolution(channels: number, outputs: number, seed: number, rows: 1 | 3 = 3): LayerSketch {
  return {
    type: 'conv2d',
    weight: randomTensor([outputs, channels, rows, 3], seed),
    bias: randomTensor([outputs], seed + 1, 0.3),
    stride: [1, 1],
    padding: rows === 3 ? [1, 1, 1, 1] : [0, 1, 0, 1],
    dilation: [1, 1],
    groups: 1,
  };
}

/** A linear image classifier with biases: f(x) = W x + b. */
export const LINEAR = chain([2, 4, 4], [convolution(2, 3, 110), { type: 'reshape', shape: [48] }, dense(48, 3, 112)]);

/** Everywhere differentiable: conv2d0, tanh 1, average pooling 2, reshape3, dense4, softplus 5, dense6. */
export const SMOOTH = chain(
  [2, 4, 4],
  [
    convolution(2, 3, 114),
    activation('tanh'),
    { type: 'avgPool2d', kernel: [2, 2], stride: [2, 2], padding: NONE, counted: NONE },
    { type: 'reshape', shape: [12] },
    dense(12, 5, 116),
    activation('softplus'),
    dense(5, 3, 118),
  ],
);

/** conv2d0, max pooling 1 (before the ReLU: no ties), ReLU 2, conv2d3, ReLU 4, reshape5, dense6, ReLU 7, dense8. */
export const RECTIFIED = chain(
  [2, 6, 6],
  [
    convolution(2, 3, 120),
    { type: 'maxPool2d', kernel: [2, 2], stride: [2, 2], padding: NONE },
    activation('relu'),
    convolution(3, 2, 122),
    activation('relu'),
    { type: 'reshape', shape: [18] },
    dense(18, 6, 124),
    activation('relu'),
    dense(6, 3, 126),
  ],
);

/** A signal of 9 samples in 2 channels: conv2d0, tanh 1, reshape2, dense3. */
export const SIGNAL = chain(
  [2, 1, 9],
  [convolution(2, 3, 128, 1), activation('tanh'), { type: 'reshape', shape: [27] }, dense(27, 3, 130)],
);

/** The same signal without the axis of height: reshape0 adds it. */
export const FLAT_SIGNAL = chain(
  [2, 9],
  [
    { type: 'reshape', shape: [2, 1, 9] },
    convolution(2, 3, 128, 1),
    activation('tanh'),
    { type: 'reshape', shape: [27] },
    dense(27, 3, 130),
  ],
);

/** A vector of 7: dense0, tanh 1, dense2. */
export const VECTOR = chain([7], [dense(7, 5, 132), activation('tanh'), dense(5, 3, 134)]);

/** One score, of which a sigmoid makes the probability of one of two classes. */
export const BINARY: Network = (() => {
  const sketch = new NetworkSketch([5]);
  sketch.add(dense(5, 4, 136));
  sketch.add(activation('tanh'));
  sketch.add(dense(4, 1, 138));
  return sketch.network('sigmoid');
})();

/** Inputs of a network in [−1, 1). */
export function inputOf({ inputShape }: Network, seed: number): Float32Array {
  return randomTensor([inputShape.reduce((size, side) => size * side, 1)], seed).data;
}
