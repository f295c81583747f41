import type { Shape } from '../../../models/tensors/tensor.ts';
import type { ConvAttributes, Pair, PoolAttributes } from '../../../services/engine/graph.ts';
import type { Distribution } from '../random.ts';
import type { Case } from './case.ts';

const PLAIN: ConvAttributes = { stride: [1, 1], padding: [0, 0, 0, 0], dilation: [1, 1], groups: 1 };

interface Convolution {
  readonly name: string;
  /** Channels, height, width. */
  readonly image: Shape;
  /** O, C/g, kh, kw. */
  readonly weights: Shape;
  readonly attributes: ConvAttributes;
}

function convolution(name: string, image: Shape, weights: Shape, attributes: Partial<ConvAttributes>): Convolution {
  return { name, image, weights, attributes: { ...PLAIN, ...attributes } };
}

const convolutions: readonly Convolution[] = [
  convolution('3x3', [2, 7, 8], [4, 2, 3, 3], {}),
  convolution('1x1', [3, 5, 6], [4, 3, 1, 1], {}),
  convolution('1x1 stride 2', [3, 5, 6], [4, 3, 1, 1], { stride: [2, 2] }),
  convolution('3x3 padding 1', [2, 7, 8], [4, 2, 3, 3], { padding: [1, 1, 1, 1] }),
  convolution('3x3 stride 2 padding 1', [2, 8, 7], [4, 2, 3, 3], { stride: [2, 2], padding: [1, 1, 1, 1] }),
  convolution("'same' stride 2", [2, 8, 8], [4, 2, 3, 3], { stride: [2, 2], padding: [0, 0, 1, 1] }),
  convolution('11x11 stride 4', [3, 23, 27], [4, 3, 11, 11], { stride: [4, 4] }),
  convolution('5x4 stride 3x2', [2, 12, 11], [3, 2, 5, 4], { stride: [3, 2], padding: [2, 1, 0, 3] }),
  convolution('2x2 stride 3', [2, 10, 9], [3, 2, 2, 2], { stride: [3, 3] }),
  convolution('3x1 stride 1x2 padding 1x0', [1, 3, 2], [1, 1, 3, 1], { stride: [1, 2], padding: [1, 0, 1, 0] }),
  convolution('1x3 stride 3 padding 0x1', [2, 4, 6], [3, 2, 1, 3], { stride: [3, 3], padding: [0, 1, 0, 1] }),
  convolution('asymmetric padding', [2, 6, 6], [3, 2, 3, 3], { padding: [2, 0, 1, 2] }),
  convolution('1x5', [2, 6, 9], [3, 2, 1, 5], { padding: [0, 2, 0, 2] }),
  convolution('dilation 2', [2, 9, 9], [3, 2, 3, 3], { dilation: [2, 2], padding: [2, 2, 2, 2] }),
  convolution('dilation 3x1', [2, 9, 9], [3, 2, 3, 2], { dilation: [3, 1] }),
  convolution('dilation 2 stride 2', [2, 11, 12], [3, 2, 3, 3], { dilation: [2, 2], stride: [2, 2] }),
  convolution('2 groups', [4, 6, 7], [6, 2, 3, 3], { groups: 2, padding: [1, 1, 1, 1] }),
  convolution('3 groups stride 2', [6, 9, 8], [3, 2, 3, 3], { groups: 3, stride: [2, 2], padding: [1, 0, 1, 1] }),
  convolution('2 groups dilation 2', [4, 8, 8], [6, 2, 3, 3], { groups: 2, dilation: [2, 2] }),
  convolution('depthwise', [5, 7, 7], [5, 1, 3, 3], { groups: 5, padding: [1, 1, 1, 1] }),
  convolution('depthwise stride 2', [5, 8, 8], [5, 1, 3, 3], { groups: 5, stride: [2, 2], padding: [0, 0, 1, 1] }),
  convolution('depthwise 2x3 stride 3', [3, 4, 5], [3, 1, 2, 3], { groups: 3, stride: [3, 3], padding: [0, 1, 0, 1] }),
  convolution('depthwise stride 2x1', [3, 8, 8], [3, 1, 3, 3], { groups: 3, stride: [2, 1] }),
  convolution('depthwise dilation 2', [3, 9, 9], [3, 1, 3, 3], { groups: 3, dilation: [2, 2] }),
  convolution('depthwise multiplier 3', [2, 7, 7], [6, 1, 3, 3], { groups: 2, padding: [1, 2, 0, 1] }),
  convolution('depthwise multiplier 2 stride 3', [3, 9, 10], [6, 1, 4, 2], { groups: 3, stride: [3, 3] }),
];

function forwardCases({ name, image, weights, attributes }: Convolution): readonly Case[] {
  return [false, true].map((biased) => ({
    name: `conv2d ${name}${biased ? ' with bias' : ''}`,
    build: (b, { batch, next }) => {
      const x = next([batch, ...image]);
      const w = next(weights);
      return b.conv2d(x, w, biased ? next([weights[0] ?? 1]) : null, attributes);
    },
  }));
}

function adjointCase({ name, image, weights, attributes }: Convolution): Case {
  return {
    name: `conv2dTranspose ${name}`,
    build: (b, { batch, next }) => {
      const w = next(weights);
      const [height = 1, width = 1] = image.slice(1);
      const windows = (axis: 0 | 1, size: number) => {
        const extent = attributes.dilation[axis] * ((weights[axis + 2] ?? 1) - 1) + 1;
        const padding = (attributes.padding[axis] ?? 0) + (attributes.padding[axis + 2] ?? 0);
        return Math.floor((size + padding - extent) / attributes.stride[axis]) + 1;
      };
      const x = next([batch, weights[0] ?? 1, windows(0, height), windows(1, width)]);
      return b.conv2dTranspose(x, w, attributes, [height, width]);
    },
  };
}

const derivedWeights: readonly Case[] = [
  {
    name: 'conv2d with flipped and transposed weights',
    build: (b, { batch, next }) => {
      const x = next([batch, 4, 6, 7]);
      const w = b.transpose(b.reverse(next([4, 3, 3, 3]), [2, 3]), [1, 0, 2, 3]);
      return b.conv2d(x, w, null, { ...PLAIN, padding: [1, 1, 1, 1] });
    },
  },
  {
    name: 'conv2d with the positive part of weights, in groups',
    build: (b, { batch, next }) => {
      const w = next([4, 2, 3, 3]);
      const x = next([batch, 4, 6, 7]);
      const attributes = { ...PLAIN, groups: 2 };
      return b.add(b.conv2d(x, b.relu(w), null, attributes), b.conv2d(b.neg(x), b.negativePart(w), null, attributes));
    },
  },
  {
    name: 'conv2dTranspose with reversed weights',
    build: (b, { batch, next }) => {
      const x = next([batch, 4, 3, 3]);
      return b.conv2dTranspose(x, b.reverse(next([4, 2, 3, 3]), [3]), { ...PLAIN, stride: [2, 2] }, [8, 7]);
    },
  },
];

interface Pooling extends PoolAttributes {
  readonly name: string;
  readonly size: Pair;
}

const poolings: readonly Pooling[] = [
  { name: '2x2 stride 2', size: [6, 8], kernel: [2, 2], stride: [2, 2], padding: [0, 0, 0, 0] },
  { name: '2x2 stride 2 with a remainder', size: [7, 9], kernel: [2, 2], stride: [2, 2], padding: [0, 0, 0, 0] },
  { name: '3x3 stride 2, overlapping', size: [7, 9], kernel: [3, 3], stride: [2, 2], padding: [0, 0, 0, 0] },
  { name: '3x3 stride 2 beyond the edge', size: [8, 8], kernel: [3, 3], stride: [2, 2], padding: [0, 0, 1, 1] },
  { name: '3x3 stride 1 padding 1', size: [5, 6], kernel: [3, 3], stride: [1, 1], padding: [1, 1, 1, 1] },
  { name: '3x2 stride 1x3 asymmetric', size: [6, 8], kernel: [3, 2], stride: [1, 3], padding: [2, 1, 0, 0] },
  { name: '2x2 stride 3, with gaps', size: [8, 9], kernel: [2, 2], stride: [3, 3], padding: [1, 0, 0, 1] },
  { name: '5x5 over everything', size: [5, 5], kernel: [5, 5], stride: [1, 1], padding: [0, 0, 0, 0] },
  { name: '1x1 stride 2', size: [5, 4], kernel: [1, 1], stride: [2, 2], padding: [0, 0, 0, 0] },
  { name: '1x3 stride 2', size: [4, 9], kernel: [1, 3], stride: [1, 2], padding: [0, 1, 0, 1] },
];

const values: readonly Distribution[] = ['signed', 'negative', 'ties'];

function poolingCases({ name, size, ...attributes }: Pooling): readonly Case[] {
  const pooled = ([0, 1] as const).map((axis) => {
    const padded = size[axis] + (attributes.padding[axis] ?? 0) + (attributes.padding[axis + 2] ?? 0);
    return Math.floor((padded - attributes.kernel[axis]) / attributes.stride[axis]) + 1;
  });
  const perValues = values.flatMap((distribution): readonly Case[] => [
    {
      name: `maxPool2d ${name} of ${distribution}`,
      build: (b, { batch, next }) => b.maxPool2d(next([batch, 3, ...size], distribution), attributes),
    },
    {
      name: `maxPool2dBackward ${name} of ${distribution}`,
      build: (b, { batch, next }) => {
        const x = next([batch, 3, ...size], distribution);
        return b.maxPool2dBackward(x, next([batch, 3, ...pooled]), attributes);
      },
    },
  ]);
  const average: readonly Case[] = [
    {
      name: `avgPool2d ${name}`,
      build: (b, { batch, next }) => b.avgPool2d(next([batch, 3, ...size]), attributes),
    },
    {
      name: `avgPool2dBackward ${name}`,
      build: (b, { batch, next }) => b.avgPool2dBackward(next([batch, 3, ...pooled]), attributes, size),
    },
  ];
  return [...perValues, ...average];
}

export const windowCases: readonly Case[] = [
  ...convolutions.flatMap(forwardCases),
  ...convolutions.map(adjointCase),
  ...derivedWeights,
  ...poolings.flatMap(poolingCases),
];
