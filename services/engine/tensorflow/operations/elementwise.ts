import * as tf from '@tensorflow/tfjs-core';
import type { BinaryName, UnaryName, Value } from '../../graph.ts';
import { arrange, arranged, canonical, type Form, type Layout, prepared } from '../layout.ts';
import { inputOf, type LayoutOf, type Operand, type Step, unaryStep } from '../step.ts';

const unaryKernels: { readonly [Name in UnaryName]: (x: tf.Tensor) => tf.Tensor } = {
  neg: (x) => tf.neg(x),
  abs: (x) => tf.abs(x),
  exp: (x) => tf.exp(x),
  log: (x) => tf.log(x),
  sqrt: (x) => tf.sqrt(x),
  tanh: (x) => tf.tanh(x),
  sigmoid: (x) => tf.sigmoid(x),
  softplus: (x) => tf.softplus(x),
  relu: (x) => tf.relu(x),
  logicalNot: (x) => tf.logicalNot(x),
};

const binaryKernels: { readonly [Name in BinaryName]: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor } = {
  add: (a, b) => tf.add(a, b),
  sub: (a, b) => tf.sub(a, b),
  mul: (a, b) => tf.mul(a, b),
  div: (a, b) => tf.div(a, b),
  pow: (a, b) => tf.pow(a, b),
  maximum: (a, b) => tf.maximum(a, b),
  minimum: (a, b) => tf.minimum(a, b),
  equal: (a, b) => tf.equal(a, b),
  greater: (a, b) => tf.greater(a, b),
  greaterEqual: (a, b) => tf.greaterEqual(a, b),
  logicalAnd: (a, b) => tf.logicalAnd(a, b),
};

export function unary(value: Value, operation: { readonly name: UnaryName }, layoutOf: LayoutOf): Step {
  return unaryStep(inputOf(value, 0), arranged(layoutOf(value)), unaryKernels[operation.name]);
}

export function binary(value: Value, operation: { readonly name: BinaryName }, layoutOf: LayoutOf): Step {
  const kernel = binaryKernels[operation.name];
  const a = broadcastOperand(value, 0, layoutOf);
  const b = broadcastOperand(value, 1, layoutOf);
  return { operands: [a, b], run: (tensor) => kernel(tensor(a), tensor(b)) };
}

/** `where` [c, a, b]. The operands are broadcast here: TensorFlow.js does it by tiling, 50 times slower on wasm. */
export function where(value: Value, _operation: unknown, layoutOf: LayoutOf): Step {
  const condition = broadcastOperand(value, 0, layoutOf);
  const a = broadcastOperand(value, 1, layoutOf);
  const b = broadcastOperand(value, 2, layoutOf);
  return {
    operands: [condition, a, b],
    run: (tensor) => {
      const shapes = [tensor(condition).shape, tensor(a).shape, tensor(b).shape];
      const shape = shapes.reduce(tf.broadcast_util.assertAndGetBroadcastShape);
      return select(expand(tensor(condition), shape), expand(tensor(a), shape), expand(tensor(b), shape));
    },
  };
}

/** Of booleans by logic: the wasm kernel writes four bytes for each, beyond the end of the tensor. */
function select(condition: tf.Tensor, a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  if (a.dtype !== 'bool') return tf.where(condition, a, b);
  return tf.logicalOr(tf.logicalAnd(condition, a), tf.logicalAnd(tf.logicalNot(condition), b));
}

function expand(x: tf.Tensor, shape: number[]): tf.Tensor {
  if (tf.util.arraysEqual(x.shape, shape)) return x;
  return x.dtype === 'bool' ? tf.logicalAnd(x, tf.cast(tf.ones(shape), 'bool')) : tf.add(x, tf.zeros(shape));
}

function broadcastOperand(value: Value, index: number, layoutOf: LayoutOf): Operand {
  const input = inputOf(value, index);
  return { value: input, form: broadcastForm(input.shape.length, layoutOf(value)) };
}

/** numpy lines up the last axes as the graph writes them, so that a shorter shape is filled up before it is rearranged. */
function broadcastForm(rank: number, layout: Layout): Form {
  const order = canonical(layout.length);
  if (rank === layout.length || rank === 0 || layout.every((axis, i) => axis === i)) {
    return arranged(rank === layout.length ? layout : canonical(rank));
  }
  return prepared(canonical(rank), `broadcast ${layout.join('')}`, (x) => {
    const filled = [...order.slice(rank).map(() => 1), ...x.shape];
    return arrange(tf.reshape(x, filled), order, layout);
  });
}
