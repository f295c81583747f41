import { type Shape, sizeOf } from '../../../tensors/tensor.ts';
import { ImportFault } from '../../faults.ts';
import { arranged, shaped } from './arrangement.ts';
import type { GraphBuilding } from './operation.ts';
import { type Computed, computedValue, shapeOf } from './values.ts';

/** More channels, or elements of a vector, than any layer we know of has parameters for. */
const MAX_CHANNELS = 1 << 24;

/** A value beside a constant that is broadcast to it: the constant has one number for each place of the draft's axis 0. */
export interface Channelwise {
  /** The value, laid out so. */
  readonly value: Computed;
  /** The constant's numbers in the order of that axis. */
  read(data: ArrayLike<number>): Float32Array;
}

/**
 * Lays a value out so that a constant of the given shape (TensorFlow's, the batch counted if it is of full rank) varies
 * along the draft's axis 0 only: the channels of an image, all places of a vector, or, behind a permute, anything else.
 * @throws ImportFault when the constant cannot be broadcast to the value.
 */
export function channelwise(name: string, given: Computed, constant: Shape, building: GraphBuilding): Channelwise {
  const sides = alignedSides(given, constant);
  const varying = [...sides.keys()].filter((axis) => (sides[axis] ?? 1) > 1);
  const value = withLeading(name, given, varying, building);
  const leading = longParts(value).slice(0, partsOf(value, varying).length);
  const leadingSides = leading.map((part) => value.sides[part] ?? 1);
  const current = building.draft.shapeOf(value.index);
  const channels = varying.length === 0 ? (current[0] ?? 1) : sizeOf(leadingSides);
  if (channels > MAX_CHANNELS) throw new ImportFault(`has ${channels} channels; at most ${MAX_CHANNELS} are supported`);
  const rest = sizeOf(value.sides) / channels;
  const grouped = rest === 1 ? [channels] : [channels, ...value.sides.slice((leading.at(-1) ?? -1) + 1)];
  const index = current[0] === channels ? value.index : shaped(name, value.index, grouped, building.draft);
  const offsets = offsetsOf(value, leading, leadingSides, varying, sides);
  return {
    value: { ...value, index },
    read: (data) => Float32Array.from({ length: channels }, (_, c) => data[offsets[c] ?? 0] ?? 0),
  };
}

/** The sides of the constant along each of the value's axes. */
function alignedSides(value: Computed, constant: Shape): Shape {
  const shape = shapeOf(value);
  const aligned = [...constant];
  while (aligned.length <= shape.length) aligned.unshift(1);
  const [batch, ...sides] = aligned;
  const fits = sides.every((side, axis) => side === 1 || side === shape[axis]);
  if (aligned.length !== shape.length + 1 || batch !== 1 || !fits) {
    throw new ImportFault(`a constant of the shape [${constant.join(', ')}] beside [batch, ${shape.join(', ')}]`);
  }
  return sides;
}

/** The value with the given axes of TensorFlow's before all others. */
function withLeading(name: string, value: Computed, axes: readonly number[], { draft }: GraphBuilding): Computed {
  const wanted = partsOf(value, axes);
  const lead = longParts(value).slice(0, wanted.length);
  if (wanted.every((part) => lead.includes(part))) return value;
  const order = [...axes, ...value.axes.keys()].filter((axis, at, all) => all.indexOf(axis) === at);
  const { index, shape, places } = arranged(name, value, order, draft);
  return computedValue(index, shape, places);
}

function longParts({ sides }: Computed): readonly number[] {
  return [...sides.keys()].filter((part) => sides[part] !== 1);
}

function partsOf(value: Computed, axes: readonly number[]): readonly number[] {
  return axes.flatMap((axis) => value.axes[axis] ?? []).filter((part) => value.sides[part] !== 1);
}

/** For each place along the leading parts: where the constant has its number. */
function offsetsOf(
  value: Computed,
  leading: readonly number[],
  leadingSides: Shape,
  varying: readonly number[],
  sides: Shape,
): Int32Array {
  const offsets = new Int32Array(varying.length === 0 ? 0 : sizeOf(leadingSides));
  for (let at = varying.length - 1, step = 1; at >= 0; at -= 1) {
    const parts = [...(value.axes[varying[at] ?? 0] ?? [])].reverse();
    let within = step;
    for (const part of parts) {
      const rank = leading.indexOf(part);
      if (rank < 0) continue;
      const side = leadingSides[rank] ?? 1;
      const after = sizeOf(leadingSides.slice(rank + 1));
      for (let c = 0; c < offsets.length; c += 1) {
        offsets[c] = (offsets[c] ?? 0) + (Math.floor(c / after) % side) * within;
      }
      within *= side;
    }
    step *= sides[varying[at] ?? 0] ?? 1;
  }
  return offsets;
}
