import { type Shape, sizeOf } from '../../../tensors/tensor.ts';
import { ImportFault } from '../../faults.ts';
import { type Constant, constant, show } from '../values.ts';

/** How far apart the neighbours along each axis lie. */
export function stridesOf(shape: Shape): readonly number[] {
  return shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
}

/** An array of the same kind. */
export function emptyLike(data: Constant['data'], length: number): Constant['data'] {
  return data instanceof Float32Array ? new Float32Array(length) : new Float64Array(length);
}

/** The tensor whose element [i, j, ...] is data[offset + Σ i_a stride_a]: transposes, slices, broadcasts. */
export function strided(source: Constant, shape: Shape, strides: readonly number[], offset = 0): Constant {
  const data = emptyLike(source.data, sizeOf(shape));
  const position = shape.map(() => 0);
  let place = offset;
  for (let target = 0; target < data.length; target += 1) {
    data[target] = source.data[place] ?? 0;
    for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
      const next = (position[axis] ?? 0) + 1;
      const step = strides[axis] ?? 0;
      if (next < (shape[axis] ?? 1)) {
        position[axis] = next;
        place += step;
        break;
      }
      position[axis] = 0;
      place -= step * (next - 1);
    }
  }
  return constant(source.type, shape, data);
}

/** The shape that both shapes broadcast to. @throws ImportFault */
export function broadcastShape(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const [x = 1, y = 1] = [a[axis - rank + a.length], b[axis - rank + b.length]];
    if (x !== y && x !== 1 && y !== 1) throw new ImportFault(`${show(a)} and ${show(b)} do not broadcast`);
    return x === 1 ? y : x;
  });
}

/** A tensor repeated along the axes where it has one place, to a shape that it broadcasts to. */
export function broadcastTo(source: Constant, shape: Shape): Constant {
  const own = stridesOf(source.shape);
  const missing = shape.length - source.shape.length;
  const strides = shape.map((_, axis) => (source.shape[axis - missing] === 1 ? 0 : (own[axis - missing] ?? 0)));
  return strided(source, shape, strides);
}
