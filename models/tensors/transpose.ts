import { type Shape, sizeOf } from './tensor.ts';

/**
 * The values of a row-major tensor with its axes in another order: output axis i is input axis `order[i]`.
 * @throws RangeError when the number of values is not that of the shape.
 */
export function transpose(data: Float32Array, shape: Shape, order: readonly number[]): Float32Array {
  if (data.length !== sizeOf(shape)) throw new RangeError(`${data.length} values for the shape [${shape.join(', ')}]`);
  const strides = shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
  const sides = order.map((axis) => shape[axis] ?? 1);
  const steps = order.map((axis) => strides[axis] ?? 0);
  const result = new Float32Array(data.length);
  const position = sides.map(() => 0);
  let source = 0;
  for (let target = 0; target < result.length; target += 1) {
    result[target] = data[source] ?? 0;
    for (let axis = sides.length - 1; axis >= 0; axis -= 1) {
      const next = (position[axis] ?? 0) + 1;
      const step = steps[axis] ?? 0;
      if (next < (sides[axis] ?? 1)) {
        position[axis] = next;
        source += step;
        break;
      }
      position[axis] = 0;
      source -= step * (next - 1);
    }
  }
  return result;
}
