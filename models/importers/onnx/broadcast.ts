import { ImportFault } from '../faults.ts';
import { broadcastTo } from './folding/strided.ts';
import { weightsOf } from './node.ts';
import { type Computed, type Constant, show } from './values.ts';

/** A constant as it meets a computed value. */
export interface Spread {
  /** The only axis (without the batch) along which it differs; null when there are several. */
  readonly axis: number | null;
  /** One value per place along that axis, or, where there is none, per element of the value. */
  readonly values: Float32Array;
}

/**
 * Broadcasts a constant to a computed value of the file.
 * @throws ImportFault when the constant would make the value larger, or differ along the batch.
 */
export function spreadOf(constant: Constant, value: Computed, role: string): Spread {
  const data = weightsOf(constant, role);
  const inner = innerShape(constant, value, role);
  const varying = [...inner.keys()].filter((axis) => inner[axis] !== 1);
  const [axis = 0, ...others] = varying;
  if (others.length === 0) {
    const length = value.shape[axis] ?? 1;
    return { axis, values: data.length === 1 ? new Float32Array(length).fill(data[0] ?? 0) : data };
  }
  const full = broadcastTo({ ...constant, shape: inner }, value.shape).data;
  return { axis: null, values: Float32Array.from(full) };
}

/** The constant's shape with as many axes as the value has without the batch. */
function innerShape({ shape }: Constant, value: Computed, role: string): readonly number[] {
  const rank = value.shape.length;
  const outer = shape.slice(0, Math.max(shape.length - rank, 0));
  const inner = [...Array.from({ length: Math.max(rank - shape.length, 0) }, () => 1), ...shape.slice(outer.length)];
  const fits = inner.every((side, axis) => side === 1 || side === value.shape[axis]);
  if (!fits || outer.length > 1 || outer.some((side) => side !== 1)) {
    throw new ImportFault(`its ${role} ${show(shape)} does not broadcast to [N, ${value.shape.join(', ')}]`);
  }
  return inner;
}
