import { type Shape, sizeOf } from '../../models/tensors/tensor.ts';
import { BATCH, type Pair } from '../../services/engine/graph.ts';
import { array, type ReferenceArray, tabulate } from './referenceArray.ts';

export function reshape(x: ReferenceArray, target: Shape): ReferenceArray {
  const known = sizeOf(target.filter((size) => size !== BATCH));
  return array(
    target.map((size) => (size === BATCH ? x.data.length / known : size)),
    x.data,
  );
}

export function transpose(x: ReferenceArray, order: readonly number[]): ReferenceArray {
  const shape = order.map((axis) => x.shape[axis] ?? 1);
  return tabulate(shape, (index) => x.at(order.map((_, axis) => index[order.indexOf(axis)] ?? 0)));
}

export function concat(args: readonly ReferenceArray[], axis: number): ReferenceArray {
  const [first = tabulate([0], () => 0), ...rest] = args;
  return rest.reduce((joined, next) => {
    const before = joined.shape[axis] ?? 0;
    const shape = joined.shape.map((size, i) => (i === axis ? before + (next.shape[axis] ?? 0) : size));
    return tabulate(shape, (index) => {
      const i = index[axis] ?? 0;
      return i < before ? joined.at(index) : next.at(index.with(axis, i - before));
    });
  }, first);
}

export function slice(x: ReferenceArray, begin: readonly number[], size: readonly number[]): ReferenceArray {
  const shape = size.map((count, axis) => (count === BATCH ? (x.shape[axis] ?? 1) : count));
  return tabulate(shape, (index) => x.at(index.map((i, axis) => i + (begin[axis] ?? 0))));
}

export function pad(x: ReferenceArray, padding: readonly Pair[]): ReferenceArray {
  const shape = x.shape.map((size, axis) => size + (padding[axis]?.[0] ?? 0) + (padding[axis]?.[1] ?? 0));
  return tabulate(shape, (index) =>
    x.at(
      index.map((i, axis) => i - (padding[axis]?.[0] ?? 0)),
      0,
    ),
  );
}

export function reverse(x: ReferenceArray, axes: readonly number[]): ReferenceArray {
  return tabulate(x.shape, (index) =>
    x.at(index.map((i, axis) => (axes.includes(axis) ? (x.shape[axis] ?? 1) - 1 - i : i))),
  );
}
