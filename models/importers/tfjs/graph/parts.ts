import type { Pair } from '../../../network.ts';
import { sizeOf } from '../../../tensors/tensor.ts';
import { ImportFault } from '../../faults.ts';
import { type Arranged, arranged, naturalOrder, shaped } from './arrangement.ts';
import type { GraphBuilding, Operation } from './operation.ts';
import { plainRanges, type Range, stridedRanges } from './slices.ts';
import {
  axisBehindBatch,
  type Computed,
  computedInput,
  computedValue,
  integersInput,
  numberInput,
  shapeOf,
} from './values.ts';
import { expanded, reshaped } from './views.ts';

const MAX_PARTS = 4096;
const MAX_COPIES = 256;

/** Operations that join values, take parts of them, pad or repeat them. */
export const PARTS: Readonly<Record<string, Operation>> = {
  ConcatV2: ({ name }, inputs, building) => {
    const values = inputs.slice(0, -1).map((_, place) => computedInput(inputs, place));
    return joined(name, values, numberInput(inputs, inputs.length - 1), building);
  },
  Split: ({ name, attributes }, inputs, building) => {
    const value = computedInput(inputs, 1);
    const axis = axisBehindBatch(numberInput(inputs, 0), value.axes.length);
    const count = attributes.integer('num_split', 1);
    if (count < 1 || count > MAX_PARTS) throw new ImportFault(`splits an axis into ${count} parts`);
    const size = (shapeOf(value)[axis] ?? 0) / count;
    return split(
      name,
      value,
      axis,
      Array.from({ length: count }, () => size),
      building,
    );
  },
  SplitV: ({ name }, inputs, building) => {
    const value = computedInput(inputs, 0);
    return split(
      name,
      value,
      axisBehindBatch(numberInput(inputs, 2), value.axes.length),
      integersInput(inputs, 1),
      building,
    );
  },
  StridedSlice: ({ name, attributes }, inputs, building) => {
    const value = computedInput(inputs, 0);
    return taken(name, value, stridedRanges(inputs, attributes, [Number.NaN, ...shapeOf(value)]), building);
  },
  Slice: ({ name }, inputs, building) => {
    const value = computedInput(inputs, 0);
    return taken(name, value, plainRanges(inputs, [Number.NaN, ...shapeOf(value)]), building);
  },
  Pad: padding,
  PadV2: padding,
  MirrorPad: padding,
  Tile: ({ name }, inputs, building) => {
    const [batch, ...counts] = integersInput(inputs, 1);
    const value = computedInput(inputs, 0);
    if (batch !== 1 || counts.length !== value.axes.length) throw new ImportFault('repeats the batch');
    return counts.reduce((tiled, count, axis) => repeated(name, tiled, axis, count, building), value);
  },
  ResizeNearestNeighbor: enlarged,
};

function joined(name: string, values: readonly Computed[], axis: number, building: GraphBuilding): Computed {
  const [first] = values;
  if (first === undefined) throw new ImportFault('joins nothing');
  const along = axisBehindBatch(axis, first.axes.length);
  if (values.some((value) => value.axes.length !== first.axes.length)) {
    throw new ImportFault('joins values of different ranks');
  }
  const order = naturalOrder(first, building);
  const laid = values.map((value) => arranged(name, value, order, building.draft));
  const places = laid[0]?.places ?? [];
  const inputs = laid.map(({ index }) => index);
  const index = building.draft.add({ type: 'concat', name, inputs, axis: places[along] ?? 0 });
  return computedValue(index, building.draft.shapeOf(index), places);
}

function split(
  name: string,
  value: Computed,
  axis: number,
  sizes: readonly number[],
  building: GraphBuilding,
): readonly Computed[] {
  let begin = 0;
  const laid = arranged(name, value, naturalOrder(value, building), building.draft);
  return sizes.map((size, part) => {
    const piece = cropped(`${name}/${part}`, laid, [{ axis, begin, size }], building);
    begin += size;
    return piece;
  });
}

interface Piece {
  readonly axis: number;
  readonly begin: number;
  readonly size: number;
}

function cropped(name: string, laid: Arranged, pieces: readonly Piece[], { draft }: GraphBuilding): Computed {
  const begin = laid.shape.map(() => 0);
  const shape = [...laid.shape];
  for (const { axis, begin: first, size } of pieces) {
    const place = laid.places[axis] ?? 0;
    begin[place] = first;
    shape[place] = size;
  }
  return computedValue(draft.add({ type: 'crop', name, inputs: [laid.index], begin, shape }), shape, laid.places);
}

/** Ranges for every axis, the batch first. */
function taken(name: string, value: Computed, [, ...ranges]: readonly Range[], building: GraphBuilding): Computed {
  if (ranges.some(({ stride }) => stride !== 1)) throw new ImportFault('a slice that skips places is not supported');
  const shape = shapeOf(value);
  const pieces = ranges.map(({ begin, size }, axis) => ({ axis, begin, size }));
  const cuts = pieces.filter(({ axis, size }) => size !== shape[axis]);
  const laid = arranged(name, value, naturalOrder(value, building), building.draft);
  const part = cuts.length === 0 ? value : cropped(name, laid, cuts, building);
  return { ...part, axes: part.axes.filter((_, axis) => ranges[axis]?.drops !== true) };
}

/** Zeros around; [before, after] for every axis. */
function padding(...[{ name, op }, inputs, building]: Parameters<Operation>): Computed {
  const value = computedInput(inputs, 0);
  const list = integersInput(inputs, 1);
  if (list.length !== 2 * value.axes.length + 2) throw new ImportFault(`pads ${list.length / 2} axes`);
  if (list.some((cells) => cells < 0)) throw new ImportFault('pads with a negative number of cells');
  if (list[0] !== 0 || list[1] !== 0) throw new ImportFault('pads the batch');
  if (list.every((cells) => cells === 0)) return value;
  if (op === 'MirrorPad') throw new ImportFault('pads with mirrored values; only zeros are supported');
  if (op === 'PadV2' && numberInput(inputs, 2) !== 0) {
    throw new ImportFault(`pads with ${numberInput(inputs, 2)}; only zeros are supported`);
  }
  const laid = arranged(name, value, naturalOrder(value, building), building.draft);
  const around = laid.shape.map((): Pair => [0, 0]);
  for (const [axis, place] of laid.places.entries()) around[place] = [list[2 * axis + 2] ?? 0, list[2 * axis + 3] ?? 0];
  const index = building.draft.add({ type: 'pad', name, inputs: [laid.index], padding: around });
  return computedValue(index, building.draft.shapeOf(index), laid.places);
}

/** A copy behind the other along an axis (from 0 behind the batch), by layers that only move values. */
function repeated(name: string, value: Computed, axis: number, count: number, building: GraphBuilding): Computed {
  if (count === 1) return value;
  if (!(count >= 1 && count <= MAX_COPIES)) throw new ImportFault(`repeats an axis ${count} times`);
  const { draft } = building;
  const laid = arranged(name, value, naturalOrder(value, building), draft);
  const place = laid.places[axis] ?? 0;
  const runs = [sizeOf(laid.shape.slice(0, place)), sizeOf(laid.shape.slice(place))];
  const apart = shaped(name, laid.index, runs, draft);
  const inputs = Array.from({ length: count }, () => apart);
  const index = draft.add({ type: 'concat', name, inputs, axis: 1 });
  const shape = laid.shape.map((side, at) => (at === place ? side * count : side));
  return computedValue(index, shape, laid.places);
}

/** Every row and column a whole number of times, as the nearest neighbour of each cell of a larger image. */
function enlarged(...[{ name, attributes }, inputs, building]: Parameters<Operation>): Computed {
  const value = computedInput(inputs, 0);
  const sides = shapeOf(value);
  const target = integersInput(inputs, 1);
  const counts = target.map((side, axis) => side / (sides[axis] ?? 0));
  if (
    sides.length !== 3 ||
    target.length !== 2 ||
    !counts.every(Number.isInteger) ||
    attributes.flag('align_corners')
  ) {
    throw new ImportFault(
      `resizes [${sides.join(', ')}] to [${target.join(', ')}]; only whole multiples are supported`,
    );
  }
  return counts.reduce((image, count, axis) => {
    const copies = repeated(name, expanded(image, axis + 2), axis + 1, count, building);
    const shape = shapeOf(image).map((side, at) => (at === axis ? side * count : side));
    return reshaped(name, copies, [Number.NaN, ...shape], building);
  }, value);
}
