import * as tf from '@tensorflow/tfjs-core';
import type { Value } from '../../graph.ts';
import { arranged } from '../layout.ts';
import { inputOf, type Operand, type Step } from '../step.ts';

/**
 * `matMul` [a, b] or [a, b, bias]. A transposed b is written out, for a constant once: on wasm multiplying by it as it
 * lies takes more than twice the time.
 */
export function matMul(value: Value, operation: { readonly transposeB: boolean }): Step {
  const a: Operand = { value: inputOf(value, 0), form: arranged([0, 1]) };
  const b: Operand = { value: inputOf(value, 1), form: arranged(operation.transposeB ? [1, 0] : [0, 1]) };
  if (value.inputs.length < 3) return { operands: [a, b], run: (tensor) => tf.matMul(tensor(a), tensor(b)) };
  const bias: Operand = { value: inputOf(value, 2), form: arranged([0]) };
  return {
    operands: [a, b, bias],
    run: (tensor) => tf.add(tf.matMul(tensor(a), tensor(b)), tensor(bias)),
  };
}
