import { type Shape, sizeOf } from '../../../tensors/tensor.ts';
import { ImportFault } from '../../faults.ts';
import { inSequence } from './arrangement.ts';
import type { GraphBuilding } from './operation.ts';
import { axisBehindBatch, type Computed, computedValue, shapeOf } from './values.ts';

/** TensorFlow's own limit, without the batch. */
const MAX_RANK = 7;

/** The value with TensorFlow's axes in another order; `order` counts the batch, which stays first. */
export function transposed(value: Computed, order: readonly number[]): Computed {
  const rank = value.axes.length;
  const sorted = [...order].sort((a, b) => a - b);
  if (order.length !== rank + 1 || !sorted.every((axis, at) => axis === at)) {
    throw new ImportFault(`[${order.join(', ')}] does not order the axes of a value of rank ${rank + 1}`);
  }
  if (order[0] !== 0) throw new ImportFault('moves the batch');
  return { ...value, axes: order.slice(1).map((axis) => value.axes[axis - 1] ?? []) };
}

/** The value with a new axis of one place; `axis` counts the batch, and is that of the result. */
export function expanded(value: Computed, axis: number): Computed {
  const at = axisBehindBatch(axis, value.axes.length + 1);
  if (value.axes.length >= MAX_RANK) throw new ImportFault(`has more than ${MAX_RANK} axes behind the batch`);
  return { ...value, axes: [...value.axes.slice(0, at), [], ...value.axes.slice(at)] };
}

/** The value without the given axes of one place (counting the batch), or without all of them. */
export function squeezed(value: Computed, axes: readonly number[]): Computed {
  const shape = shapeOf(value);
  const dropped = axes.map((axis) => axisBehindBatch(axis, shape.length));
  if (dropped.some((axis) => shape[axis] !== 1)) {
    throw new ImportFault(`cannot squeeze the axes ${axes.join(', ')} of [batch, ${shape.join(', ')}]`);
  }
  const goes = (axis: number) => (axes.length === 0 ? shape[axis] === 1 : dropped.includes(axis));
  return { ...value, axes: value.axes.filter((_, axis) => !goes(axis)) };
}

/**
 * The value read row-major as another shape. `target` counts the batch, which may be NaN (its size), −1 or 1; one other
 * side may be −1.
 */
export function reshaped(name: string, value: Computed, target: readonly number[], building: GraphBuilding): Computed {
  const shape = withoutBatch(target, sizeOf(shapeOf(value)));
  const split = regrouped(value, shape);
  if (split !== null) return split;
  const order = value.axes.map((_, axis) => axis);
  const index = inSequence(name, value, order, building.draft);
  return computedValue(
    index,
    shape,
    shape.map((_, axis) => axis),
  );
}

function withoutBatch(target: readonly number[], size: number): Shape {
  const [batch = 0, ...rest] = target;
  if (rest.length > MAX_RANK) throw new ImportFault(`has more than ${MAX_RANK} axes behind the batch`);
  const known = sizeOf(rest.filter((side) => side !== -1));
  const open = rest.filter((side) => side === -1).length;
  const shape = rest.map((side) => (side === -1 ? size / known : side));
  const isWhole = shape.every((side) => Number.isSafeInteger(side) && side > 0);
  const keepsBatch = Number.isNaN(batch) || batch === 1 || (batch === -1 && open === 0);
  if (target.length < 2 || open > 1 || !keepsBatch || !isWhole || sizeOf(shape) !== size) {
    const wanted = target.map((side) => (Number.isNaN(side) ? 'batch' : side)).join(', ');
    throw new ImportFault(`cannot read ${size} values for each item of the batch as [${wanted}]`);
  }
  return shape;
}

/** A side of the draft's values, to be split where a new axis ends inside it. */
interface Part {
  side: number;
}

/** The shape as a grouping of the value's sides, split where needed; null when they do not line up with it. */
function regrouped(value: Computed, shape: Shape): Computed | null {
  const parts = value.sides.map((side): Part[] => [{ side }]);
  const queue = value.axes.flat().map((at) => ({ at, part: parts[at]?.[0] ?? { side: 1 } }));
  const groups: Part[][] = [];
  for (const side of shape) {
    const group: Part[] = [];
    for (let missing = side; missing > 1; ) {
      const next = queue[0];
      if (next === undefined) return null;
      if (missing % next.part.side !== 0 && next.part.side % missing !== 0) return null;
      if (next.part.side > missing) {
        const rest = { side: next.part.side / missing };
        next.part.side = missing;
        const own = parts[next.at] ?? [];
        own.push(rest);
        queue[0] = { at: next.at, part: rest };
      } else {
        queue.shift();
      }
      group.push(next.part);
      missing /= next.part.side;
    }
    groups.push(group);
  }
  const order = parts.flat();
  const place = new Map(order.map((part, at) => [part, at]));
  const axes = groups.map((group) => group.filter(({ side }) => side !== 1).map((part) => place.get(part) ?? 0));
  return { ...value, sides: order.map(({ side }) => side), axes };
}
