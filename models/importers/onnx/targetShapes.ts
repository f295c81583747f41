import { type Shape, sizeOf } from '../../tensors/tensor.ts';
import { ImportFault } from '../faults.ts';
import { axisOf, show } from './values.ts';

/**
 * The shape that Reshape makes: 0 stands for the input's side (unless `allowZero`), one −1 for what is left.
 * @throws ImportFault when the number of values is another one.
 */
export function resolvedShape(target: readonly number[], shape: Shape, allowZero: boolean): Shape {
  const copied = target.map((side, axis) => (side === 0 && !allowZero ? (shape[axis] ?? 0) : side));
  const known = copied.filter((side) => side !== -1);
  const left = sizeOf(shape) / sizeOf(known);
  const resolved = copied.map((side) => (side === -1 ? left : side));
  const legal = resolved.every((side) => Number.isSafeInteger(side) && side >= 0) && known.length >= target.length - 1;
  if (!legal || sizeOf(resolved) !== sizeOf(shape)) {
    throw new ImportFault(`cannot read the shape ${show(shape)} as ${show(target)}`);
  }
  return resolved;
}

/** The matrix that Flatten makes: all axes before `axis`, and all others. */
export function flattenedShape(axis: number, shape: Shape): Shape {
  const at = axis === shape.length ? axis : axisOf(axis, shape.length);
  return [sizeOf(shape.slice(0, at)), sizeOf(shape.slice(at))];
}

/** The shape without some axes of one place; null for all of those. */
export function squeezedShape(axes: readonly number[] | null, shape: Shape): Shape {
  if (axes === null) return shape.filter((side) => side !== 1);
  const dropped = new Set(axes.map((axis) => axisOf(axis, shape.length)));
  for (const axis of dropped) {
    if (shape[axis] !== 1) throw new ImportFault(`cannot drop axis ${axis} of the shape ${show(shape)}`);
  }
  return shape.filter((_, axis) => !dropped.has(axis));
}

/** The shape with axes of one place inserted; `axes` count in the result. */
export function unsqueezedShape(axes: readonly number[], shape: Shape): Shape {
  const rank = shape.length + axes.length;
  const inserted = new Set(axes.map((axis) => axisOf(axis, rank)));
  if (inserted.size < axes.length) throw new ImportFault(`the axes ${show(axes)} name one twice`);
  const kept = shape.values();
  return Array.from({ length: rank }, (_, axis) => (inserted.has(axis) ? 1 : (kept.next().value ?? 1)));
}
