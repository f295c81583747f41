import { allFinite } from '../../tensors/finite.ts';
import type { Shape } from '../../tensors/tensor.ts';
import { ImportFault } from '../faults.ts';
import type { CaffeBlob } from './net.ts';

/** Caffe's own limit on the axes of a blob. */
export const MAX_RANK = 32;

/**
 * A blob whose values fit its shape.
 * @throws ImportFault when they do not, or are not finite
 */
export function checkedBlob(shape: Shape, legacy: boolean, data: Float32Array): CaffeBlob {
  checkCount(shape, data.length);
  if (!allFinite(data)) throw new ImportFault('holds values that are not finite');
  return { shape, legacy, data };
}

/** Checks a number of values against a shape, before they are read. @throws ImportFault */
export function checkCount(shape: Shape, count: number): void {
  const isShape = shape.length <= MAX_RANK && shape.every((side) => Number.isSafeInteger(side) && side > 0);
  const size = isShape ? shape.reduce((product, side) => product * side, 1) : 0;
  if (size !== count || count === 0) {
    throw new ImportFault(`has the shape [${shape.slice(0, MAX_RANK).join(', ')}] and ${count} values`);
  }
}
