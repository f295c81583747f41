import type { Shape } from '../../tensors/tensor.ts';
import { ImportFault } from '../faults.ts';
import { axisOf } from './values.ts';

/** Which places along one axis: `count` of them from `start`, `step` apart. */
export interface AxisSlice {
  readonly start: number;
  readonly step: number;
  readonly count: number;
}

/**
 * What Slice takes of each axis. Negative bounds count from the end; bounds beyond an axis mean its border.
 * @throws ImportFault when the lists do not fit each other or the shape.
 */
export function slicesOf(
  shape: Shape,
  starts: readonly number[] | undefined,
  ends: readonly number[] | undefined,
  axes: readonly number[] | undefined,
  steps: readonly number[] | undefined,
): readonly AxisSlice[] {
  const slices = shape.map((side): AxisSlice => ({ start: 0, step: 1, count: side }));
  const lists = [ends, axes, steps];
  if (starts === undefined || ends === undefined || lists.some((list) => list && list.length !== starts.length)) {
    throw new ImportFault('its starts, ends, axes and steps must be lists of one length');
  }
  for (const [position, start] of starts.entries()) {
    const axis = axisOf(axes?.[position] ?? position, shape.length);
    slices[axis] = sliceOf(shape[axis] ?? 0, start, ends[position] ?? 0, steps?.[position] ?? 1);
  }
  return slices;
}

function sliceOf(side: number, start: number, end: number, step: number): AxisSlice {
  if (step === 0) throw new ImportFault('slices in steps of 0');
  const [lowest, highest] = step > 0 ? [0, side] : [-1, side - 1];
  const bound = (place: number) => Math.min(Math.max(place < 0 ? place + side : place, lowest), highest);
  const first = bound(start);
  return { start: first, step, count: Math.max(Math.ceil((bound(end) - first) / step), 0) };
}
