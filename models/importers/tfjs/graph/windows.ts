import type { Padding, Pair } from '../../../network.ts';
import { ImportFault } from '../../faults.ts';
import { kerasPadding } from '../windows.ts';
import type { Arranged } from './arrangement.ts';
import { arranged } from './arrangement.ts';
import type { Attributes } from './attributes.ts';
import type { GraphNode } from './graphDef.ts';
import type { GraphBuilding } from './operation.ts';
import { type Computed, computedValue } from './values.ts';

/** How a node orders the axes of its images. */
export interface Layout {
  /** TensorFlow's axes, from 0 behind the batch: channels, height, width. */
  readonly order: readonly [number, number, number];
}

const LAYOUTS: Readonly<Record<string, Layout>> = { NHWC: { order: [2, 0, 1] }, NCHW: { order: [0, 1, 2] } };

/** The layout that a node's `data_format` names. @throws ImportFault */
export function layoutOf(attributes: Attributes): Layout {
  const format = attributes.text('data_format', 'NHWC');
  const layout = Object.hasOwn(LAYOUTS, format) ? LAYOUTS[format] : undefined;
  if (layout === undefined) throw new ImportFault(`data_format ${format} is not supported; allowed: NHWC, NCHW`);
  return layout;
}

/** A value as an image [C, H, W]. @throws ImportFault when it has another rank. */
export function asImage(name: string, value: Computed, layout: Layout, { draft }: GraphBuilding): Arranged {
  if (value.axes.length !== 3) throw new ImportFault(`takes an image, got a value of rank ${value.axes.length + 1}`);
  return arranged(name, value, layout.order, draft);
}

/** What a layer over images has computed, in the order that its node gives it. */
export function asImageOf(index: number, { order }: Layout, { draft }: GraphBuilding): Computed {
  const places = [0, 1, 2].map((axis) => order.indexOf(axis));
  return computedValue(index, draft.shapeOf(index), places);
}

/** Height and width out of a list with one entry for each axis, of which batch and channels have to be 1. */
export function sidesIn(attributes: Attributes, name: string, { order }: Layout): Pair {
  const list = attributes.integers(name);
  if (list.length === 0) return [1, 1];
  const [channels, height = 0, width = 0] = order.map((axis) => list[axis + 1]);
  const allowed = list.length === 4 && list[0] === 1 && channels === 1 && height >= 1 && width >= 1;
  if (!allowed) throw new ImportFault(`${name} [${list.join(', ')}] is not supported`);
  return [height, width];
}

interface Windows {
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly dilation: Pair;
}

/** The padding that TensorFlow computes for an image of the given height and width. @throws ImportFault */
export function paddingOf({ attributes }: GraphNode, layout: Layout, windows: Windows, sides: Pair): Padding {
  const padding = attributes.text('padding', '');
  switch (padding) {
    case 'VALID':
      return [0, 0, 0, 0];
    case 'SAME':
      return kerasPadding('same', windows, sides);
    case 'EXPLICIT':
      return explicitPadding(attributes.integers('explicit_paddings'), layout);
    default:
      throw new ImportFault(`padding "${padding}" is not supported; allowed: VALID, SAME, EXPLICIT`);
  }
}

/** Out of a list with the cells before and after along each axis. */
function explicitPadding(list: readonly number[], { order }: Layout): Padding {
  const [channels, rows, columns] = order.map((axis) => list.slice(2 * axis + 2, 2 * axis + 4));
  const others = [...list.slice(0, 2), ...(channels ?? [])];
  if (list.length !== 8 || others.some((cells) => cells !== 0) || list.some((cells) => cells < 0)) {
    throw new ImportFault(`explicit_paddings [${list.join(', ')}] are not supported`);
  }
  return [rows?.[0] ?? 0, columns?.[0] ?? 0, rows?.[1] ?? 0, columns?.[1] ?? 0];
}
