import * as tf from '@tensorflow/tfjs-core';
import { EngineError } from '../engine.ts';
import type { Value } from '../graph.ts';
import { arranged } from './layout.ts';
import type { LayoutOf, Operand } from './step.ts';

/** Names a value in one form. */
export function keyOf({ value, form }: Operand): string {
  return `${value.id} ${form.key}`;
}

/** A value as it is held, in its own layout. */
export function asHeld(value: Value, layoutOf: LayoutOf): Operand {
  return { value, form: arranged(layoutOf(value)) };
}

/** The tensors of one run, or the constants of an executable: values, and the forms that operations wanted of them. */
export class Memory {
  private readonly tensors = new Map<string, tf.Tensor>();
  private readonly layoutOf: LayoutOf;
  private readonly constants: Memory | null;

  constructor(layoutOf: LayoutOf, constants: Memory | null = null) {
    this.layoutOf = layoutOf;
    this.constants = constants;
  }

  /** Keeps a value's tensor, given in the value's own layout. */
  put(value: Value, tensor: tf.Tensor): void {
    this.tensors.set(keyOf(asHeld(value, this.layoutOf)), tensor);
  }

  /** A value in the wanted form, which is made and kept when it is not there yet. */
  take(operand: Operand): tf.Tensor {
    const known = this.find(operand);
    if (known !== undefined) return known;
    const held = this.find(asHeld(operand.value, this.layoutOf));
    if (held === undefined) throw new EngineError(`${operand.value.operation.name} was released too early`);
    const formed = tf.tidy(() => operand.form.from(held, this.layoutOf(operand.value)));
    const own = formed === held ? held.clone() : formed;
    this.tensors.set(keyOf(operand), own);
    return own;
  }

  release(keys: Iterable<string>): void {
    for (const key of keys) {
      this.tensors.get(key)?.dispose();
      this.tensors.delete(key);
    }
  }

  dispose(): void {
    this.release([...this.tensors.keys()]);
  }

  private find(operand: Operand): tf.Tensor | undefined {
    return this.tensors.get(keyOf(operand)) ?? this.constants?.find(operand);
  }
}
