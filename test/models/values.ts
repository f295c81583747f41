import { type Shape, sizeOf, type Tensor } from '../../models/tensors/tensor.ts';

/** A tensor in float64, row-major. */
export interface Values {
  readonly shape: Shape;
  readonly data: Float64Array;
}

/** The values of a parameter in memory. */
export function parameter(tensor: Tensor): Values {
  if (tensor.kind === 'stored') throw new TypeError('read the parameters first: inMemory');
  return { shape: tensor.shape, data: Float64Array.from(tensor.data) };
}

/** An element of a list that has it. */
export function at<T>(list: ArrayLike<T>, index: number): T {
  const element = list[index];
  if (element === undefined) throw new RangeError(`no element ${index} of ${list.length}`);
  return element;
}

/** The indices of the k-th element of a row-major tensor. */
export function placeOf(k: number, shape: Shape): readonly number[] {
  return shape.map((side, axis) => Math.floor(k / sizeOf(shape.slice(axis + 1))) % side);
}

/** The number of the element with the given indices. */
export function offsetOf(place: readonly number[], shape: Shape): number {
  return place.reduce((offset, p, axis) => offset * at(shape, axis) + p, 0);
}

/** The tensor whose element at each place is `value(place)`. */
export function filled(shape: Shape, value: (place: readonly number[]) => number): Values {
  return { shape, data: Float64Array.from({ length: sizeOf(shape) }, (_, k) => value(placeOf(k, shape))) };
}

/** The tensor with its axes in another order: output axis i is input axis order[i]. */
export function reordered(x: Values, order: readonly number[]): Values {
  const shape = order.map((axis) => at(x.shape, axis));
  return filled(shape, (to) =>
    at(
      x.data,
      offsetOf(
        x.shape.map((_, axis) => at(to, order.indexOf(axis))),
        x.shape,
      ),
    ),
  );
}
