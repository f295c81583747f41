import type { Padding, Pair } from '../../network.ts';
import { windowsAlong } from '../../shapes.ts';
import { ImportFault } from '../faults.ts';
import type { Attributes } from './attributes.ts';
import { type Computed, show } from './values.ts';

const MAX_SIDE = 1 << 16;

/** How windows move over an image. */
export interface Geometry {
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly dilation: Pair;
  /** As the file states or implies it, without the overhang of a ceil mode. */
  readonly padding: Padding;
}

/** Height and width of an image; a signal has the height 1. @throws ImportFault for anything else. */
export function sidesOf({ shape, signal }: Computed): Pair {
  const [, height = 0, width = 0] = signal ? [0, 1, shape[1]] : shape;
  if (!signal && shape.length !== 3) {
    throw new ImportFault(`works on images [N, C, H, W] and signals [N, C, L], got [N, ${shape.join(', ')}]`);
  }
  return [height, width];
}

/**
 * One number per axis that windows move along, as rows and columns. The row of a signal gets the lowest legal number:
 * one cell, or no padding.
 */
export function pairOf(list: readonly number[], signal: boolean, role: string, lowest = 1): Pair {
  const [first = lowest, second = lowest] = signal ? [lowest, ...list] : list;
  const legal = list.every((value) => Number.isInteger(value) && value >= lowest && value <= MAX_SIDE);
  if (!legal || list.length !== (signal ? 1 : 2)) {
    throw new ImportFault(`its ${role} ${show(list)} must be ${signal ? 1 : 2} integers from ${lowest} to ${MAX_SIDE}`);
  }
  return [first, second];
}

/** The attributes strides, dilations, pads and auto_pad of a node whose windows have the given kernel. */
export function geometryOf(attributes: Attributes, kernel: Pair, input: Computed): Geometry {
  const { signal } = input;
  const ones = signal ? [1] : [1, 1];
  const stride = pairOf(attributes.ints('strides') ?? ones, signal, 'strides');
  const dilation = pairOf(attributes.ints('dilations') ?? ones, signal, 'dilations');
  const padding = paddingOf(attributes, { kernel, stride, dilation }, input);
  return { kernel, stride, dilation, padding };
}

function paddingOf(attributes: Attributes, windows: Omit<Geometry, 'padding'>, input: Computed): Padding {
  const auto = attributes.text('auto_pad') ?? 'NOTSET';
  const stated = statedPadding(attributes, input);
  if (auto === 'NOTSET') return stated;
  if (stated.some((cells) => cells !== 0)) throw new ImportFault(`has pads together with auto_pad ${auto}`);
  if (auto === 'VALID') return stated;
  const sides = sidesOf(input);
  const rows = samePadding(0, auto, windows, sides);
  const columns = samePadding(1, auto, windows, sides);
  return [rows[0], columns[0], rows[1], columns[1]];
}

/** The attribute pads: all cells before, then all after. */
export function statedPadding(attributes: Attributes, { signal }: Computed): Padding {
  const pads = attributes.ints('pads') ?? (signal ? [0, 0] : [0, 0, 0, 0]);
  const axes = signal ? 1 : 2;
  if (pads.length !== 2 * axes) throw new ImportFault(`its pads ${show(pads)} must be ${2 * axes} integers`);
  const [top, left] = pairOf(pads.slice(0, axes), signal, 'pads', 0);
  const [bottom, right] = pairOf(pads.slice(axes), signal, 'pads', 0);
  return [top, left, bottom, right];
}

/** ceil(size / stride) windows; an odd cell lies after the input with SAME_UPPER, before it with SAME_LOWER. */
function samePadding(
  axis: 0 | 1,
  auto: string,
  { kernel, stride, dilation }: Omit<Geometry, 'padding'>,
  sides: Pair,
): Pair {
  const reach = dilation[axis] * (kernel[axis] - 1) + 1;
  const total = Math.max((Math.ceil(sides[axis] / stride[axis]) - 1) * stride[axis] + reach - sides[axis], 0);
  return splitPadding(total, auto);
}

/** Padding in two halves. @throws ImportFault when `auto` does not say which gets an odd cell. */
export function splitPadding(total: number, auto: string): Pair {
  const [less, more] = [Math.floor(total / 2), Math.ceil(total / 2)];
  if (auto === 'SAME_UPPER') return [less, more];
  if (auto === 'SAME_LOWER') return [more, less];
  throw new ImportFault(`auto_pad ${auto} is not known; allowed: NOTSET, SAME_UPPER, SAME_LOWER, VALID`);
}

/** The padding with what windows reach beyond it when their number is rounded up; none starts beyond the input. */
export function withOverhang({ kernel, stride, padding }: Geometry, sides: Pair): Padding {
  const over = ([0, 1] as const).map((axis) => {
    const [before, after] = [padding[axis], padding[(axis + 2) as 2 | 3]];
    const exact = sides[axis] + before + after - kernel[axis];
    const count = Math.ceil(exact / stride[axis]) + 1;
    const last = (count - 1) * stride[axis] >= sides[axis] + before ? count - 2 : count - 1;
    const floor = windowsAlong(sides[axis], kernel[axis], stride[axis], before, after);
    return last + 1 <= floor ? 0 : last * stride[axis] + kernel[axis] - sides[axis] - before - after;
  });
  const [top, left, bottom, right] = padding;
  return [top, left, bottom + (over[0] ?? 0), right + (over[1] ?? 0)];
}
