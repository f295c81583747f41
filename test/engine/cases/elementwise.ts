import type { Shape } from '../../../models/tensors/tensor.ts';
import type { BinaryName, UnaryName, Value } from '../../../services/engine/graph.ts';
import type { GraphBuilder } from '../../../services/engine/graphBuilder.ts';
import type { Distribution } from '../random.ts';
import type { Case } from './case.ts';

type FloatUnary = Exclude<UnaryName, 'logicalNot'>;
const unaries: { readonly [Name in FloatUnary]: readonly Distribution[] } = {
  neg: ['signed'],
  abs: ['signed'],
  exp: ['signed'],
  log: ['positive'],
  sqrt: ['positive'],
  tanh: ['wide', 'signed'],
  sigmoid: ['wide', 'signed'],
  softplus: ['wide', 'signed'],
  relu: ['signed', 'negative'],
};

type FloatBinary = Exclude<BinaryName, 'logicalAnd'>;
const binaries: { readonly [Name in FloatBinary]: readonly [Distribution, Distribution] } = {
  add: ['signed', 'signed'],
  sub: ['signed', 'signed'],
  mul: ['signed', 'signed'],
  div: ['signed', 'positive'],
  pow: ['positive', 'signed'],
  maximum: ['signed', 'signed'],
  minimum: ['signed', 'signed'],
  equal: ['ties', 'ties'],
  greater: ['ties', 'ties'],
  greaterEqual: ['ties', 'ties'],
};

/** Shapes of two operands; −1 is the batch. */
const broadcasts: readonly (readonly [Shape, Shape])[] = [
  [
    [-1, 3, 4, 5],
    [-1, 3, 4, 5],
  ],
  [
    [-1, 3, 4, 5],
    [1, 3, 1, 1],
  ],
  [[-1, 3, 4, 5], []],
  [[-1, 3, 4, 5], [5]],
  [[-1, 3, 4, 5], [1]],
  [
    [-1, 3, 4, 5],
    [4, 1],
  ],
  [
    [-1, 3, 4, 5],
    [3, 1, 1],
  ],
  [
    [-1, 3, 4, 5],
    [3, 4, 5],
  ],
  [
    [-1, 3, 4, 5],
    [-1, 1, 1, 1],
  ],
  [
    [-1, 3, 1, 1],
    [1, 1, 4, 5],
  ],
  [
    [-1, 6],
    [-1, 1],
  ],
  [[-1, 6], [6]],
  [[-1, 6], []],
  [
    [-1, 1],
    [1, 6],
  ],
  [[-1], [-1]],
  [[-1], []],
  [
    [-1, 3, 5],
    [1, 3, 1],
  ],
];

/** A boolean as 0 and 1, everything else as it is. */
export function asNumber(b: GraphBuilder, x: Value): Value {
  return x.dataType === 'bool' ? b.where(x, b.scalar(1), b.scalar(0)) : x;
}

function shown(shape: Shape): string {
  return `[${shape.map((size) => (size < 0 ? 'N' : size)).join(', ')}]`;
}

function unaryCases(name: FloatUnary): readonly Case[] {
  return unaries[name].flatMap((distribution) =>
    [
      [-1, 3, 4, 5],
      [-1, 7],
    ].map((shape) => ({
      name: `${name} of ${distribution} ${shown(shape)}`,
      build: (b, { batch, next }) => b[name](next([batch, ...shape.slice(1)], distribution)),
    })),
  );
}

function binaryCases(name: FloatBinary): readonly Case[] {
  const shapes = ['add', 'greater', 'div'].includes(name) ? broadcasts : broadcasts.slice(0, 4);
  return shapes.flatMap(([left, right]) =>
    [false, true].map((swapped) => ({
      name: `${name} of ${shown(swapped ? right : left)} and ${shown(swapped ? left : right)}`,
      build: (b, { batch, next }) => {
        const concrete = (shape: Shape) => shape.map((size) => (size < 0 ? batch : size));
        const [first, second] = binaries[name];
        const a = next(concrete(left), swapped ? second : first);
        const c = next(concrete(right), swapped ? first : second);
        return asNumber(b, swapped ? b[name](c, a) : b[name](a, c));
      },
    })),
  );
}

const logical: readonly Case[] = [
  {
    name: 'logicalAnd and logicalNot of images',
    build: (b, { batch, next }) => {
      const positive = b.greater(next([batch, 3, 4, 5]), b.scalar(0));
      const channel = b.greater(next([1, 3, 1, 1]), b.scalar(0));
      return asNumber(b, b.logicalAnd(b.logicalNot(positive), channel));
    },
  },
  {
    name: 'logicalAnd of rows and a scalar',
    build: (b, { batch, next }) => {
      const positive = b.greater(next([batch, 6]), b.scalar(0));
      return asNumber(b, b.logicalAnd(positive, b.greaterEqual(next([], 'positive'), b.scalar(0))));
    },
  },
  {
    name: 'logicalNot of a transposed and reshaped condition',
    build: (b, { batch, next }) => {
      const turned = b.transpose(b.greater(next([batch, 3, 4, 5]), b.scalar(0)), [0, 2, 3, 1]);
      return asNumber(b, b.logicalNot(b.reshape(turned, [batch, 60])));
    },
  },
];

const choices: readonly Case[] = broadcasts.map(([left, right]) => ({
  name: `where ${shown(left)} and ${shown(right)}`,
  build: (b, { batch, next }) => {
    const concrete = (shape: Shape) => shape.map((size) => (size < 0 ? batch : size));
    const condition = b.greater(next(concrete(left)), next(concrete(right)));
    return b.where(condition, next(concrete(right)), next(concrete(left)));
  },
}));

const guarded: readonly Case[] = [
  {
    name: 'where guards a division by zero',
    build: (b, { batch, next }) => {
      const z = next([batch, 3, 4, 5], 'zeros');
      return b.where(b.equal(z, b.scalar(0)), b.scalar(0), b.div(next([batch, 3, 4, 5]), z));
    },
  },
  {
    name: 'where of a condition that is broadcast',
    build: (b, { batch, next }) => {
      const condition = b.greater(next([1, 3, 1, 1]), b.scalar(0));
      return b.where(condition, next([batch, 3, 4, 5]), next([]));
    },
  },
  {
    name: 'where between conditions',
    build: (b, { batch, next }) => {
      const above = (x: Value) => b.greater(x, b.scalar(0));
      const chosen = b.where(above(next([batch, 3, 4, 5])), above(next([batch, 3, 4, 5])), above(next([5])));
      return asNumber(b, chosen);
    },
  },
  {
    name: 'pow of a negative base and a whole exponent',
    build: (b, { batch, next }) => b.pow(next([batch, 3, 4, 5], 'negative'), b.scalar(2)),
  },
];

function keysOf<Name extends string>(table: { readonly [Key in Name]: unknown }): readonly Name[] {
  return Object.keys(table) as Name[];
}

export const elementwiseCases: readonly Case[] = [
  ...keysOf(unaries).flatMap(unaryCases),
  ...keysOf(binaries).flatMap(binaryCases),
  ...logical,
  ...choices,
  ...guarded,
];
