import { type Shape, sizeOf } from '../../../models/tensors/tensor.ts';
import { faultAt } from '../../../schemas/errors.ts';
import { jsonPointer } from '../../../schemas/faults.ts';
import { received } from '../../../schemas/issues.ts';

/** How one element of a list becomes a number. */
export interface ElementType {
  /** What is allowed, to follow "must be". */
  readonly expected: string;
  /** NaN for what is not allowed. */
  read(element: unknown): number;
}

/** Where something lies in a request. */
export type Path = readonly (string | number)[];

export type NestedArray = number | NestedArray[];

/** Any number that float32 can hold. */
export const FLOAT: ElementType = {
  expected: 'a finite float32 number',
  read: (element) => (typeof element === 'number' && Number.isFinite(Math.fround(element)) ? element : Number.NaN),
};

/**
 * The values of lists nested as `shape` says, in row-major order.
 * @param path where they lie in the request
 * @throws ElucidError `invalid` at the first list of another length and the first element that is not allowed
 */
export function flatten(nested: unknown, shape: Shape, path: Path, element: ElementType = FLOAT): Float32Array {
  const values = new Float32Array(sizeOf(shape));
  const indices: number[] = [];
  let next = 0;
  const fault = (axis: number, expected: string, value: unknown) => {
    const at = [...path, ...indices.slice(0, axis)];
    return faultAt('invalid', jsonPointer(at), `${nameOf(at)} must be ${expected}${received(value)}`);
  };
  const fill = (part: unknown, axis: number): void => {
    const length = shape[axis];
    if (length === undefined) {
      const value = element.read(part);
      if (Number.isNaN(value)) throw fault(axis, element.expected, part);
      values[next] = value;
      next += 1;
      return;
    }
    if (!Array.isArray(part) || part.length !== length) {
      throw fault(axis, `a list of ${length}, as the shape is [${shape.join(', ')}]`, part);
    }
    for (let i = 0; i < length; i += 1) {
      indices[axis] = i;
      fill(part[i], axis + 1);
    }
  };
  fill(nested, 0);
  return values;
}

/** Row-major values as lists nested as `shape` says. */
export function nest(values: ArrayLike<number>, shape: Shape): NestedArray {
  let next = 0;
  const part = (axis: number): NestedArray => {
    const length = shape[axis];
    if (length !== undefined) return Array.from({ length }, () => part(axis + 1));
    next += 1;
    return values[next - 1] ?? 0;
  };
  return part(0);
}

/** instances[1].data[0] */
export function nameOf(path: Path): string {
  return path.map((part, i) => (typeof part === 'number' ? `[${part}]` : `${i === 0 ? '' : '.'}${part}`)).join('');
}
