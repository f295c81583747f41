import type { Tensor } from '../../models/tensors/tensor.ts';
import type { NamedTensors } from '../../services/engine/engine.ts';
import {
  type BinaryName,
  type Graph,
  type Operation,
  type UnaryName,
  type Value,
  valuesOf,
} from '../../services/engine/graph.ts';
import { array, type ReferenceArray, tabulate } from './referenceArray.ts';
import { concat, pad, reshape, reverse, slice, transpose } from './referenceShapes.ts';
import {
  avgPool2d,
  avgPool2dBackward,
  conv2d,
  conv2dTranspose,
  maxPool2d,
  maxPool2dBackward,
} from './referenceWindows.ts';

/**
 * Runs a graph with plain loops in float64, written from the definitions in `graph.ts` alone: the oracle for the engines.
 * Constants must be arrays. Booleans are 0 and 1.
 */
export function runReference(graph: Graph, inputs: NamedTensors): Record<string, ReferenceArray> {
  const results = new Map<number, ReferenceArray>();
  const resultOf = (value: Value): ReferenceArray => results.get(value.id) ?? fail(`value ${value.id} is not computed`);
  for (const value of valuesOf(graph))
    results.set(value.id, evaluate(value.operation, value.inputs.map(resultOf), inputs));
  return Object.fromEntries(Object.entries(graph.outputs).map(([name, value]) => [name, resultOf(value)]));
}

const unary: { readonly [Name in UnaryName]: (x: number) => number } = {
  neg: (x) => -x,
  abs: Math.abs,
  exp: Math.exp,
  log: Math.log,
  sqrt: Math.sqrt,
  tanh: Math.tanh,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  softplus: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  relu: (x) => Math.max(x, 0),
  logicalNot: (x) => 1 - x,
};

const binary: { readonly [Name in BinaryName]: (a: number, b: number) => number } = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  pow: (a, b) => a ** b,
  maximum: Math.max,
  minimum: Math.min,
  equal: (a, b) => Number(a === b),
  greater: (a, b) => Number(a > b),
  greaterEqual: (a, b) => Number(a >= b),
  logicalAnd: (a, b) => Number(a !== 0 && b !== 0),
};

type Args = readonly ReferenceArray[];
type Named<Name extends Operation['name']> = Extract<Operation, { readonly name: Name }>;
type WindowOperation =
  | Named<'conv2d'>
  | Named<'conv2dTranspose'>
  | Named<'maxPool2d'>
  | Named<'maxPool2dBackward'>
  | Named<'avgPool2d'>
  | Named<'avgPool2dBackward'>;

function nth(args: Args, index: number): ReferenceArray {
  return args[index] ?? fail(`there is no input ${index}`);
}

function evaluate(operation: Operation, args: Args, inputs: NamedTensors): ReferenceArray {
  switch (operation.name) {
    case 'input':
      return fromTensor(inputs[operation.label] ?? fail(`input ${operation.label} is missing`));
    case 'constant':
      return fromTensor(operation.tensor);
    case 'conv2d':
    case 'conv2dTranspose':
    case 'maxPool2d':
    case 'maxPool2dBackward':
    case 'avgPool2d':
    case 'avgPool2dBackward':
      return overWindows(operation, args);
    case 'reshape':
      return reshape(nth(args, 0), operation.shape);
    case 'transpose':
      return transpose(nth(args, 0), operation.order);
    case 'concat':
      return concat(args, operation.axis);
    case 'slice':
      return slice(nth(args, 0), operation.begin, operation.size);
    case 'pad':
      return pad(nth(args, 0), operation.padding);
    case 'reverse':
      return reverse(nth(args, 0), operation.axes);
    default:
      return combine(operation, args);
  }
}

function overWindows(operation: WindowOperation, args: Args): ReferenceArray {
  switch (operation.name) {
    case 'conv2d':
      return conv2d(nth(args, 0), nth(args, 1), args[2], operation);
    case 'conv2dTranspose':
      return conv2dTranspose(nth(args, 0), nth(args, 1), operation, operation.outputSize);
    case 'maxPool2d':
      return maxPool2d(nth(args, 0), operation);
    case 'maxPool2dBackward':
      return maxPool2dBackward(nth(args, 0), nth(args, 1), operation);
    case 'avgPool2d':
      return avgPool2d(nth(args, 0), operation);
    case 'avgPool2dBackward':
      return avgPool2dBackward(nth(args, 0), operation, operation.inputSize);
  }
}

function combine(operation: Operation, args: Args): ReferenceArray {
  switch (operation.name) {
    case 'where':
      return broadcast(args, ([condition = 0, a = 0, b = 0]) => (condition !== 0 ? a : b));
    case 'matMul':
      return matMul(nth(args, 0), nth(args, 1), args[2], operation.transposeB);
    case 'reduceSum':
      return reduce(nth(args, 0), operation, 0, (a, b) => a + b);
    case 'reduceMax':
      return reduce(nth(args, 0), operation, Number.NEGATIVE_INFINITY, Math.max);
    case 'oneHotMax':
      return oneHotMax(nth(args, 0));
    case 'softmax':
      return softmax(nth(args, 0));
    default:
      return elementwise(operation.name, args);
  }
}

function elementwise(name: Operation['name'], args: Args): ReferenceArray {
  const one = Object.entries(unary).find(([key]) => key === name)?.[1];
  if (one !== undefined) return broadcast(args, ([x = 0]) => one(x));
  const two = Object.entries(binary).find(([key]) => key === name)?.[1] ?? fail(`unknown operation ${name}`);
  return broadcast(args, ([a = 0, b = 0]) => two(a, b));
}

function broadcast(args: Args, combine: (values: readonly number[]) => number): ReferenceArray {
  const rank = Math.max(...args.map((arg) => arg.shape.length));
  const shape = Array.from({ length: rank }, (_, axis) =>
    Math.max(...args.map((arg) => arg.shape[axis - rank + arg.shape.length] ?? 1)),
  );
  return tabulate(shape, (index) =>
    combine(
      args.map((arg) => {
        const own = index.slice(rank - arg.shape.length);
        return arg.at(own.map((i, axis) => (arg.shape[axis] === 1 ? 0 : i)));
      }),
    ),
  );
}

function matMul(a: ReferenceArray, b: ReferenceArray, bias: ReferenceArray | undefined, transposeB: boolean) {
  const [rows = 0, inner = 0] = a.shape;
  const columns = b.shape[transposeB ? 0 : 1] ?? 0;
  return tabulate([rows, columns], ([i = 0, j = 0]) => {
    let sum = bias?.at([j]) ?? 0;
    for (let k = 0; k < inner; k++) sum += a.at([i, k]) * b.at(transposeB ? [j, k] : [k, j]);
    return sum;
  });
}

function reduce(
  x: ReferenceArray,
  { axes, keepDims }: { readonly axes: readonly number[]; readonly keepDims: boolean },
  start: number,
  combine: (a: number, b: number) => number,
): ReferenceArray {
  const kept = x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  const result = tabulate(kept, () => start);
  tabulate(x.shape, (index) => {
    const target = index.map((i, axis) => (axes.includes(axis) ? 0 : i));
    result.set(target, combine(result.at(target), x.at(index)));
    return 0;
  });
  return keepDims
    ? result
    : reshape(
        result,
        kept.filter((_, axis) => !axes.includes(axis)),
      );
}

function row(x: ReferenceArray, index: readonly number[]): number[] {
  const length = x.shape.at(-1) ?? 1;
  return Array.from({ length }, (_, i) => x.at([...index.slice(0, -1), i]));
}

function oneHotMax(x: ReferenceArray): ReferenceArray {
  return tabulate(x.shape, (index) => {
    const values = row(x, index);
    return Number(values.indexOf(Math.max(...values)) === index.at(-1));
  });
}

function softmax(x: ReferenceArray): ReferenceArray {
  return tabulate(x.shape, (index) => {
    const values = row(x, index);
    const top = Math.max(...values);
    return Math.exp(x.at(index) - top) / values.reduce((sum, value) => sum + Math.exp(value - top), 0);
  });
}

function fromTensor(tensor: Tensor): ReferenceArray {
  if (tensor.kind !== 'array') return fail('the reference reads no stored tensors');
  return array(tensor.shape, Float64Array.from(tensor.data));
}

function fail(message: string): never {
  throw new Error(message);
}
