import type { Pair } from '../../network.ts';
import type { Shape } from '../../tensors/tensor.ts';
import { ImportFault } from '../faults.ts';
import { type Building, onlyInput } from './reader.ts';

/** What a net writes of kernels, strides and the like: numbers for all axes or one per axis, or one field per axis. */
export interface Extents {
  readonly list: readonly number[];
  readonly h: number | undefined;
  readonly w: number | undefined;
}

/**
 * Vertical and horizontal extent. One of `h` and `w` alone leaves the other at `rest`.
 * @param fallback for both when nothing is stated; null when something has to be
 */
export function pairOf(what: string, { list, h, w }: Extents, fallback: number | null, rest: number | null): Pair {
  if (h !== undefined || w !== undefined) {
    const [rows, columns] = [h ?? rest, w ?? rest];
    if (list.length > 0) throw new ImportFault(`states ${what} for both sides and for single ones`);
    if (rows === null || columns === null) throw new ImportFault(`states ${what} for one side only`);
    return [rows, columns];
  }
  const [first = fallback, second = first, ...more] = list;
  if (first === null || second === null) throw new ImportFault(`states no ${what}`);
  if (more.length > 0) throw new ImportFault(`states ${what} for ${list.length} axes; only images have them, two`);
  return [first, second];
}

/** The only bottom of a layer over images [C, H, W]. @throws ImportFault */
export function imageInput(inputs: readonly number[], { draft }: Building): { index: number; shape: Shape } {
  const index = onlyInput(inputs);
  const shape = draft.shapeOf(index);
  if (shape.length !== 3) throw new ImportFault(`takes an image [channels, height, width], got [${shape.join(', ')}]`);
  return { index, shape };
}
