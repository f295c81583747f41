import type { Case } from './case.ts';

const matMuls: readonly Case[] = [false, true].flatMap((transposeB) =>
  [false, true].map((biased) => ({
    name: `matMul${transposeB ? ' transposed' : ''}${biased ? ' with bias' : ''}`,
    build: (b, { batch, next }) => {
      const a = next([batch, 7]);
      const w = next(transposeB ? [5, 7] : [7, 5]);
      return b.matMul(a, w, biased ? next([5]) : null, { transposeB });
    },
  })),
);

/** Axes of [N, 3, 4, 5]. */
const axesOfImages: readonly (readonly number[])[] = [
  [1],
  [2],
  [3],
  [0],
  [2, 3],
  [1, 2, 3],
  [0, 2],
  [0, 1, 2, 3],
  [0, 1],
  [],
];

const reductions: readonly Case[] = (['reduceSum', 'reduceMax'] as const).flatMap((name) =>
  [false, true].flatMap((keepDims) => [
    ...axesOfImages.map(
      (axes): Case => ({
        name: `${name} of an image over ${axes}${keepDims ? ', kept' : ''}`,
        build: (b, { batch, next }) => b[name](next([batch, 3, 4, 5]), axes, keepDims),
      }),
    ),
    ...[[0], [1], [0, 1]].map(
      (axes): Case => ({
        name: `${name} of rows over ${axes}${keepDims ? ', kept' : ''}`,
        build: (b, { batch, next }) => b[name](next([batch, 6]), axes, keepDims),
      }),
    ),
  ]),
);

const longSums: readonly Case[] = [
  {
    name: 'reduceSum of 20,000 positive values',
    build: (b, { batch, next }) => b.reduceSum(next([batch, 20_000], 'positive'), [1]),
  },
  {
    name: 'reduceSum of a large image',
    build: (b, { batch, next }) => b.reduceSum(next([batch, 3, 60, 70], 'positive'), [1, 2, 3]),
  },
];

const rows: readonly Case[] = [
  { name: 'oneHotMax', build: (b, { batch, next }) => b.oneHotMax(next([batch, 9])) },
  { name: 'oneHotMax with ties', build: (b, { batch, next }) => b.oneHotMax(next([batch, 9], 'ties')) },
  {
    name: 'oneHotMax of equal values',
    build: (b, { batch, next }) => b.oneHotMax(b.mul(next([batch, 4]), b.scalar(0))),
  },
  { name: 'softmax', build: (b, { batch, next }) => b.softmax(next([batch, 9])) },
  { name: 'softmax of large values', build: (b, { batch, next }) => b.softmax(next([batch, 9], 'wide')) },
  { name: 'softmax of an image', build: (b, { batch, next }) => b.softmax(next([batch, 3, 4, 5])) },
];

const orders = [
  [0, 2, 3, 1],
  [0, 3, 1, 2],
  [1, 0, 2, 3],
  [3, 2, 1, 0],
  [0, 1, 3, 2],
];

const rearrangements: readonly Case[] = [
  { name: 'reshape an image to rows', build: (b, { batch, next }) => b.reshape(next([batch, 3, 4, 5]), [batch, 60]) },
  { name: 'reshape rows to an image', build: (b, { batch, next }) => b.reshape(next([batch, 60]), [batch, 3, 4, 5]) },
  {
    name: 'reshape an image to another',
    build: (b, { batch, next }) => b.reshape(next([batch, 3, 4, 5]), [batch, 5, 2, 6]),
  },
  {
    name: 'reshape to channels and back',
    build: (b, { batch, next }) => {
      const x = b.reshape(next([batch, 6]), [batch, 6, 1, 1]);
      return b.reshape(b.mul(x, next([1, 6, 2, 1])), [batch, 12]);
    },
  },
  ...orders.map(
    (order): Case => ({
      name: `transpose an image to ${order}`,
      build: (b, { batch, next }) => b.transpose(next([batch, 3, 4, 5]), order),
    }),
  ),
  { name: 'transpose a matrix', build: (b, { batch, next }) => b.transpose(next([batch, 5]), [1, 0]) },
  { name: 'transpose rank 3', build: (b, { batch, next }) => b.transpose(next([batch, 4, 5]), [0, 2, 1]) },
];

const blocks: readonly Case[] = [
  ...[1, 2, 3].map(
    (axis): Case => ({
      name: `concat images along ${axis}`,
      build: (b, { batch, next }) => {
        const shape = [batch, 3, 4, 5];
        return b.concat([next(shape), next(shape.with(axis, 2)), next(shape)], axis);
      },
    }),
  ),
  { name: 'concat rows', build: (b, { batch, next }) => b.concat([next([batch, 3]), next([batch, 4])], 1) },
  {
    name: 'slice an image',
    build: (b, { batch, next }) => b.slice(next([batch, 3, 4, 5]), [0, 1, 0, 2], [batch, 2, 4, 3]),
  },
  {
    name: 'slice rows of an image',
    build: (b, { batch, next }) => b.slice(next([batch, 3, 4, 5]), [0, 0, 1, 0], [batch, 3, 2, 5]),
  },
  { name: 'slice rows', build: (b, { batch, next }) => b.slice(next([batch, 9]), [0, 4], [batch, 3]) },
  {
    name: 'pad an image',
    build: (b, { batch, next }) =>
      b.pad(next([batch, 3, 4, 5]), [
        [0, 0],
        [1, 0],
        [0, 2],
        [3, 1],
      ]),
  },
  {
    name: 'pad rows',
    build: (b, { batch, next }) =>
      b.pad(next([batch, 6]), [
        [0, 0],
        [2, 1],
      ]),
  },
  { name: 'reverse an image', build: (b, { batch, next }) => b.reverse(next([batch, 3, 4, 5]), [1, 3]) },
  { name: 'reverse rows', build: (b, { batch, next }) => b.reverse(next([batch, 6]), [1]) },
];

export const shapeCases: readonly Case[] = [
  ...matMuls,
  ...reductions,
  ...longSums,
  ...rows,
  ...rearrangements,
  ...blocks,
];
