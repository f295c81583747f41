import { allFinite } from '../../../tensors/finite.ts';
import type { Shape } from '../../../tensors/tensor.ts';
import { sizeOf } from '../../../tensors/tensor.ts';
import { ImportFault } from '../../faults.ts';

export type Numbers = Float32Array | Float64Array;

/** A value that is known at import, of TensorFlow's shape. NaN among integers stands for the size of the batch. */
export interface Constant {
  readonly kind: 'constant';
  readonly shape: Shape;
  readonly data: Numbers;
}

/**
 * A value that depends on the input. TensorFlow's axes are a view of what the draft computes: whatever only moves or
 * splits axes (Transpose, Reshape, ExpandDims, ...) changes the view and costs no layer, until a layer needs its input in
 * one order.
 */
export interface Computed {
  readonly kind: 'computed';
  /** Index in the draft. */
  readonly index: number;
  /** The draft's values, row-major, as an array of these sides; the layer's own shape may group them otherwise. */
  readonly sides: Shape;
  /**
   * TensorFlow's axes behind the batch, each as the sides that it consists of, outermost first; an axis of one place may
   * have none.
   */
  readonly axes: readonly (readonly number[])[];
}

export type GraphValue = Constant | Computed;

/** A value in TensorFlow's order: axis i of TensorFlow behind the batch is axis `places[i]` of the draft's. */
export function computedValue(index: number, shape: Shape, places: readonly number[]): Computed {
  return { kind: 'computed', index, sides: shape, axes: places.map((place) => [place]) };
}

/** TensorFlow's shape, without the batch. */
export function shapeOf({ sides, axes }: Computed): Shape {
  return axes.map((parts) => sizeOf(parts.map((part) => sides[part] ?? 1)));
}

/** For each element of a vector, in TensorFlow's order: its place in the draft's. */
export function placesOf(vector: Computed): Int32Array {
  const parts = vector.axes.flat();
  const steps = parts.map((part) => sizeOf(vector.sides.slice(part + 1)));
  const sides = parts.map((part) => vector.sides[part] ?? 1);
  return Int32Array.from({ length: sizeOf(sides) }, (_, k) => {
    let rest = k;
    let place = 0;
    for (let i = sides.length - 1; i >= 0; i -= 1) {
      const side = sides[i] ?? 1;
      place += (rest % side) * (steps[i] ?? 0);
      rest = Math.floor(rest / side);
    }
    return place;
  });
}

/** The input at a place, which has to depend on the model's input. @throws ImportFault */
export function computedInput(inputs: readonly GraphValue[], place: number): Computed {
  const input = inputAt(inputs, place);
  if (input.kind === 'constant') throw new ImportFault(`its input ${place} is a constant`);
  return input;
}

/** The input at a place, which has to be known and finite. @throws ImportFault */
export function constantInput(inputs: readonly GraphValue[], place: number): Constant {
  const input = inputAt(inputs, place);
  if (input.kind === 'computed') throw new ImportFault(`its input ${place} is computed; only constants are supported`);
  const { data } = input;
  if (data instanceof Float32Array ? !allFinite(data) : !data.every(Number.isFinite)) {
    throw new ImportFault(`its input ${place} depends on the size of the batch or is not finite`);
  }
  return input;
}

/** A known input as parameters of a layer. @throws ImportFault */
export function floatsInput(inputs: readonly GraphValue[], place: number): Float32Array {
  const { data } = constantInput(inputs, place);
  return data instanceof Float32Array ? data : Float32Array.from(data);
}

/** A known input as a list of integers. @throws ImportFault */
export function integersInput(inputs: readonly GraphValue[], place: number): readonly number[] {
  return Array.from(constantInput(inputs, place).data);
}

/** A known input that is one number. @throws ImportFault */
export function numberInput(inputs: readonly GraphValue[], place: number): number {
  const [number, ...more] = integersInput(inputs, place);
  if (number === undefined || more.length > 0) throw new ImportFault(`its input ${place} is not one number`);
  return number;
}

function inputAt(inputs: readonly GraphValue[], place: number): GraphValue {
  const input = inputs[place];
  if (input === undefined) throw new ImportFault(`has no input ${place}`);
  return input;
}

/** An axis behind the batch, from 0, of TensorFlow's, which counts the batch; negative ones count from the end. */
export function axisBehindBatch(axis: number, rank: number): number {
  const positive = axis < 0 ? axis + rank + 1 : axis;
  if (!Number.isInteger(positive) || positive < 0 || positive > rank) {
    throw new ImportFault(`axis ${axis} of a value of rank ${rank + 1}`);
  }
  if (positive === 0) throw new ImportFault('works along the batch');
  return positive - 1;
}
