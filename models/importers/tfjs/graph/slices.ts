import type { Shape } from '../../../tensors/tensor.ts';
import { ImportFault } from '../../faults.ts';
import type { Attributes } from './attributes.ts';
import { type GraphValue, integersInput } from './values.ts';

/** What a slice takes along one axis. */
export interface Range {
  readonly begin: number;
  readonly size: number;
  readonly stride: number;
  /** Whether the axis, of one place, goes. */
  readonly drops: boolean;
}

/**
 * What a StridedSlice takes of a value of the given shape. Axes whose size is not known (NaN: the batch) have to be taken
 * whole.
 * @throws ImportFault
 */
export function stridedRanges(inputs: readonly GraphValue[], attributes: Attributes, shape: Shape): readonly Range[] {
  if (attributes.integer('ellipsis_mask', 0) !== 0 || attributes.integer('new_axis_mask', 0) !== 0) {
    throw new ImportFault('a slice with an ellipsis or a new axis is not supported');
  }
  const [begin, end, strides] = [1, 2, 3].map((place) => integersInput(inputs, place));
  const masked = (mask: string, axis: number) => (attributes.integer(mask, 0) & (1 << axis)) !== 0;
  if ((begin?.length ?? 0) > shape.length) throw new ImportFault(`slices ${begin?.length} axes of ${shape.length}`);
  return shape.map((side, axis) => {
    const at = begin?.[axis];
    if (at === undefined) return whole(side);
    const stride = strides?.[axis] ?? 1;
    if (stride < 1) throw new ImportFault(`a slice with the stride ${stride} is not supported`);
    if (masked('shrink_axis_mask', axis)) return { begin: place(at, side), size: 1, stride: 1, drops: true };
    const open = [masked('begin_mask', axis), masked('end_mask', axis)] as const;
    if (Number.isNaN(side)) {
      if (!open[0] || !open[1] || stride !== 1) throw new ImportFault('slices the batch');
      return whole(side);
    }
    const first = open[0] ? 0 : Math.min(Math.max(at < 0 ? at + side : at, 0), side);
    const stop = end?.[axis] ?? side;
    const last = open[1] ? side : Math.min(Math.max(stop < 0 ? stop + side : stop, 0), side);
    return { begin: first, size: Math.max(Math.ceil((last - first) / stride), 0), stride, drops: false };
  });
}

/** What a Slice takes: `size` places from `begin`; −1 are all that follow. @throws ImportFault */
export function plainRanges(inputs: readonly GraphValue[], shape: Shape): readonly Range[] {
  const [begin, sizes] = [1, 2].map((place) => integersInput(inputs, place));
  return shape.map((side, axis) => {
    const first = begin?.[axis] ?? Number.NaN;
    const size = sizes?.[axis] ?? Number.NaN;
    if (Number.isNaN(side)) {
      if (first !== 0 || size !== -1) throw new ImportFault('slices the batch');
      return whole(side);
    }
    const taken = size === -1 ? side - first : size;
    if (!(first >= 0 && taken >= 0 && first + taken <= side)) {
      throw new ImportFault(`cannot slice ${size} places at ${first} of ${side}`);
    }
    return { begin: first, size: taken, stride: 1, drops: false };
  });
}

function whole(side: number): Range {
  return { begin: 0, size: side, stride: 1, drops: false };
}

function place(at: number, side: number): number {
  const positive = at < 0 ? at + side : at;
  if (!(positive >= 0 && positive < side)) throw new ImportFault(`there is no place ${at} along an axis of ${side}`);
  return positive;
}
