import type { Network } from '../../models/network.ts';
import type { Shape } from '../../models/tensors/tensor.ts';
import { chain, type LayerSketch, randomTensor } from './networks.ts';

/** A linear layer with random weights, and the shape of what it reads. */
export interface LinearCase {
  readonly inputShape: Shape;
  readonly layer: LayerSketch;
}

const PLAIN = { stride: [1, 1], padding: [0, 0, 0, 0], dilation: [1, 1], groups: 1 } as const;

function convolution(inputShape: Shape, weight: Shape, geometry: object, seed: number): LinearCase {
  const parameters = { weight: randomTensor(weight, seed), bias: randomTensor(weight.slice(0, 1), seed + 1, 0.3) };
  return { inputShape, layer: { type: 'conv2d', ...PLAIN, ...geometry, ...parameters } };
}

function transposed(inputShape: Shape, weight: Shape, outputs: number, geometry: object, seed: number): LinearCase {
  const parameters = { weight: randomTensor(weight, seed), bias: randomTensor([outputs], seed + 1, 0.3) };
  return {
    inputShape,
    layer: { type: 'conv2dTranspose', ...PLAIN, outputPadding: [0, 0], ...geometry, ...parameters },
  };
}

/** A convolution whose padding differs on all sides. */
export const CONVOLUTION = convolution([2, 5, 4], [3, 2, 3, 2], { padding: [1, 0, 2, 1] }, 10);

/** Linear layers of every geometry. */
export const LINEAR_CASES: Readonly<Record<string, LinearCase>> = {
  dense: {
    inputShape: [7],
    layer: { type: 'dense', weight: randomTensor([5, 7], 1), bias: randomTensor([5], 2, 0.3) },
  },
  'dense without bias': { inputShape: [6], layer: { type: 'dense', weight: randomTensor([4, 6], 3), bias: null } },
  'conv2d with uneven padding': CONVOLUTION,
  'conv2d with stride 2': convolution([2, 6, 5], [3, 2, 3, 3], { stride: [2, 2], padding: [1, 1, 1, 1] }, 12),
  'conv2d with dilation': convolution([2, 6, 6], [2, 2, 2, 3], { dilation: [2, 2], padding: [1, 2, 0, 2] }, 14),
  'conv2d in groups': convolution([4, 4, 4], [6, 2, 3, 3], { groups: 2, padding: [1, 1, 1, 1] }, 16),
  'conv2d by depth': convolution([3, 5, 5], [6, 1, 2, 2], { groups: 3, stride: [2, 1] }, 18),
  'conv2d without bias': {
    inputShape: [2, 4, 4],
    layer: { type: 'conv2d', ...PLAIN, padding: [1, 1, 1, 1], weight: randomTensor([2, 2, 3, 3], 20), bias: null },
  },
  'convolution of a signal': convolution([2, 1, 9], [3, 2, 1, 3], { stride: [1, 2], padding: [0, 1, 0, 1] }, 22),
  conv2dTranspose: transposed([3, 3, 4], [3, 2, 3, 2], 2, { padding: [1, 0, 0, 1] }, 24),
  'conv2dTranspose with stride 2': transposed(
    [2, 3, 3],
    [2, 3, 3, 3],
    3,
    { stride: [2, 2], padding: [1, 1, 1, 1], outputPadding: [1, 1] },
    26,
  ),
  'conv2dTranspose in groups': transposed([4, 3, 3], [4, 1, 2, 2], 2, { groups: 2, stride: [2, 1] }, 28),
};

/** The layer alone: what it reads may be negative. */
export function bare({ inputShape, layer }: LinearCase): Network {
  return chain(inputShape, [layer]);
}

/** The layer behind a ReLU, which passes relevance on unchanged. */
export function behindRelu({ inputShape, layer }: LinearCase): Network {
  const relu: LayerSketch = { type: 'activation', function: { name: 'relu' } };
  return chain(inputShape, [relu, layer]);
}
