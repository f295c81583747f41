import type * as tf from '@tensorflow/tfjs-core';
import { EngineError } from '../engine.ts';
import type { Operation, OperationName, Value } from '../graph.ts';
import type { Form, Layout } from './layout.ts';

/** A value in the form in which a step wants it. */
export interface Operand {
  readonly value: Value;
  readonly form: Form;
}

/** One operation of a graph in TensorFlow.js. */
export interface Step {
  readonly operands: readonly Operand[];
  /** Computes the value, in its own layout. Runs inside `tf.tidy`. */
  readonly run: (tensor: (operand: Operand) => tf.Tensor) => tf.Tensor;
}

/**
 * The layout in which a value is held: channels last for a rank-4 value that depends on an input, the graph's order for
 * all others, so that weights are rearranged only where a convolution needs them.
 */
export type LayoutOf = (value: Value) => Layout;

export type OperationMap = { readonly [Name in OperationName]: Operation & { readonly name: Name } };

/** What turns operations of one name into steps. */
export type Lowering<Name extends OperationName> = (
  value: Value,
  operation: OperationMap[Name],
  layoutOf: LayoutOf,
) => Step;

/** An input of a value. @throws EngineError when the value has fewer */
export function inputOf(value: Value, index: number): Value {
  const input = value.inputs[index];
  if (input === undefined) throw new EngineError(`${value.operation.name} has no input ${index}`);
  return input;
}

/** A step with one operand. */
export function unaryStep(value: Value, form: Form, run: (x: tf.Tensor) => tf.Tensor): Step {
  const x: Operand = { value, form };
  return { operands: [x], run: (tensor) => run(tensor(x)) };
}

/** Height, width and the like of a value that must have four dimensions. */
export function dimensionsOf(value: Value): readonly [number, number, number, number] {
  const [a, b, c, d] = value.shape;
  if (value.shape.length !== 4 || a === undefined || b === undefined || c === undefined || d === undefined) {
    throw new EngineError(`${value.operation.name} should have four dimensions, has [${value.shape.join(', ')}]`);
  }
  return [a, b, c, d];
}

/** The tensor, known to have four dimensions. @throws EngineError when it has not */
export function image(tensor: tf.Tensor): tf.Tensor4D {
  if (tensor.rank !== 4) throw new EngineError(`an image has four dimensions, got [${tensor.shape.join(', ')}]`);
  return tensor as tf.Tensor4D;
}
