import * as tf from '@tensorflow/tfjs-core';
import type { Value } from '../../graph.ts';
import { arranged, type Form, prepared } from '../layout.ts';
import { inputOf, type Operand, type Step } from '../step.ts';

/**
 * `matMul` [a, b] or [a, b, bias]. A transposed b is written out, for a constant once: on wasm multiplying by it as it
 * lies takes more than twice the time.
 */
export function matMul(value: Value, operation: { readonly transposeB: boolean }): Step {
  const a: Operand = { value: inputOf(value, 0), form: arranged([0, 1]) };
  const b: Operand = {
    value: inputOf(value, 1),
    form: operation.transposeB ? transposed(inputOf(value, 1)) : arranged([0, 1]),
  };
  if (value.inputs.length < 3) return { operands: [a, b], run: (tensor) => tf.matMul(tensor(a), tensor(b)) };
  const bias: Operand = { value: inputOf(value, 2), form: arranged([0]) };
  return {
    operands: [a, b, bias],
    run: (tensor) => tf.add(tf.matMul(tensor(a), tensor(b)), tensor(bias)),
  };
}

/**
 * A matrix with a side of 1 is transposed by a copy: arranging it would only rename its axes, and the wasm backend keeps
 * one multiplication per buffer, whatever the shape that it is seen in.
 */
function transposed(matrix: Value): Form {
  const renamed = matrix.shape.some((side) => side === 1);
  return renamed ? prepared([1, 0], 'copied', (b) => tf.add(b, 0)) : arranged([1, 0]);
}
