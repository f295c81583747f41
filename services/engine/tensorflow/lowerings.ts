import { EngineError } from '../engine.ts';
import type { OperationName, Value } from '../graph.ts';
import { conv2d } from './operations/convolution.ts';
import { binary, unary, where } from './operations/elementwise.ts';
import { matMul } from './operations/matMul.ts';
import { maxPool2dBackward } from './operations/maxPoolBackward.ts';
import { avgPool2d, avgPool2dBackward, maxPool2d } from './operations/pooling.ts';
import { concat, pad, reshape, reverse, slice, transpose } from './operations/rearrangement.ts';
import { oneHotMax, reduceMax, reduceSum, softmax } from './operations/reductions.ts';
import { conv2dTranspose } from './operations/transposedConvolution.ts';
import type { LayoutOf, Lowering, OperationMap, Step } from './step.ts';

/** Every operation of a graph, in TensorFlow.js. */
const lowerings: { readonly [Name in OperationName]: Lowering<Name> } = {
  input: notComputed,
  constant: notComputed,
  neg: unary,
  abs: unary,
  exp: unary,
  log: unary,
  sqrt: unary,
  tanh: unary,
  sigmoid: unary,
  softplus: unary,
  relu: unary,
  logicalNot: unary,
  add: binary,
  sub: binary,
  mul: binary,
  div: binary,
  pow: binary,
  maximum: binary,
  minimum: binary,
  equal: binary,
  greater: binary,
  greaterEqual: binary,
  logicalAnd: binary,
  where,
  matMul,
  conv2d,
  conv2dTranspose,
  maxPool2d,
  maxPool2dBackward,
  avgPool2d,
  avgPool2dBackward,
  reduceSum,
  reduceMax,
  oneHotMax,
  softmax,
  reshape,
  transpose,
  concat,
  slice,
  pad,
  reverse,
};

/** The step that computes a value. @throws EngineError when the engine has no such operation */
export function lower(value: Value, layoutOf: LayoutOf): Step {
  return lowerAs(value.operation.name, value, value.operation, layoutOf);
}

function lowerAs<Name extends OperationName>(
  name: Name,
  value: Value,
  operation: OperationMap[Name],
  layoutOf: LayoutOf,
): Step {
  const lowering: Lowering<Name> | undefined = lowerings[name];
  if (lowering === undefined) throw new EngineError(`the tensorflow engine has no operation ${String(name)}`);
  return lowering(value, operation, layoutOf);
}

function notComputed(value: Value): never {
  throw new EngineError(`${value.operation.name} is given, not computed`);
}
