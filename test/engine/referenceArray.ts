import { type Shape, sizeOf } from '../../models/tensors/tensor.ts';

/** A float64 array addressed by index. */
export interface ReferenceArray {
  readonly shape: Shape;
  readonly data: Float64Array;
  /** The value at an index; outside of the array `outside`, or an error when there is none. */
  at(index: readonly number[], outside?: number): number;
  set(index: readonly number[], value: number): void;
}

export function array(shape: Shape, data: Float64Array): ReferenceArray {
  if (data.length !== sizeOf(shape)) throw new RangeError(`[${shape.join(', ')}] does not hold ${data.length} values`);
  const offset = (index: readonly number[]): number => {
    if (index.length !== shape.length) throw new RangeError(`[${index.join()}] does not index [${shape.join()}]`);
    const inside = index.every((i, axis) => i >= 0 && i < (shape[axis] ?? 0));
    return inside ? index.reduce((sum, i, axis) => sum * (shape[axis] ?? 1) + i, 0) : -1;
  };
  return {
    shape,
    data,
    at: (index, outside) => {
      const value = data[offset(index)] ?? outside;
      if (value === undefined) throw new RangeError(`[${index.join()}] lies outside of [${shape.join()}]`);
      return value;
    },
    set: (index, value) => {
      data[offset(index)] = value;
    },
  };
}

/** The array of a function of the index, called in row-major order. */
export function tabulate(shape: Shape, value: (index: readonly number[]) => number): ReferenceArray {
  const data = new Float64Array(sizeOf(shape));
  for (let flat = 0; flat < data.length; flat++) {
    const index = new Array<number>(shape.length);
    let rest = flat;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const size = shape[axis] ?? 1;
      index[axis] = rest % size;
      rest = Math.floor(rest / size);
    }
    data[flat] = value(index);
  }
  return array(shape, data);
}
