import type { Shape } from '../../tensors/tensor.ts';
import { ImportFault } from '../faults.ts';

/** A tensor whose values are known at import: weights, and the arithmetic of shapes. */
export interface Constant {
  readonly kind: 'constant';
  readonly type: 'float' | 'int' | 'bool';
  /** As in the file, with no axis left out. */
  readonly shape: Shape;
  /** Float32 for floats (halves and doubles are converted); integers and booleans as float64. */
  readonly data: Float32Array | Float64Array;
}

/** A tensor that depends on the network's input. Its first axis in the file is the batch. */
export interface Computed {
  readonly kind: 'computed';
  /** Index in the draft. */
  readonly index: number;
  /** As in the file, without the batch. */
  readonly shape: Shape;
  /** Whether a [C, L] of the file is an image of one row, [C, 1, L], in the draft. */
  readonly signal: boolean;
}

export type OnnxValue = Constant | Computed;

export function constant(type: Constant['type'], shape: Shape, data: Constant['data']): Constant {
  return { kind: 'constant', type, shape, data };
}

/** A vector of integers, or a scalar when a shape is given. */
export function integers(values: readonly number[], shape: Shape = [values.length]): Constant {
  return constant('int', shape, Float64Array.from(values));
}

/** An axis counted from the front. @throws ImportFault when there is no such axis. */
export function axisOf(axis: number, rank: number): number {
  const positive = axis < 0 ? axis + rank : axis;
  if (positive < 0 || positive >= rank) throw new ImportFault(`axis ${axis} of a tensor of rank ${rank}`);
  return positive;
}

/** The axis of a computed value, without the batch, that the file calls `axis`. @throws ImportFault for the batch. */
export function innerAxis(axis: number, { shape }: Computed): number {
  const positive = axisOf(axis, shape.length + 1);
  if (positive === 0) throw new ImportFault('works across the batch, which must stay free');
  return positive - 1;
}

/** A list with one entry per axis of a value in the file, as one per axis of the draft. */
export function drafted<T>({ signal }: Computed, entries: readonly T[], inserted: T): readonly T[] {
  return signal ? [...entries.slice(0, 1), inserted, ...entries.slice(1)] : entries;
}

/** A shape for a message. */
export function show(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`;
}
