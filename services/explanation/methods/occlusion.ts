import type { Shape } from '../../../models/tensors/tensor.ts';
import { firstRun, outputOf, perItem, rowOf, runRows } from '../drivers.ts';
import { relevanceShape } from '../frame.ts';
import type { Driver, Subject } from '../plan.ts';
import { forwardOnly } from '../prediction.ts';
import { baselineInput } from './baseline.ts';
import { NO_DECOMPOSITION } from './gradients.ts';
import { inputOnly } from './inputOnly.ts';
import type { Method } from './method.ts';

type Extents = number | readonly [number, number] | undefined;

/** Default window: this part of the input's side. */
const WINDOW_SHARE = 7;

/** The rectangle of an input that is hidden at a time, in all channels. */
interface Window {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

/** R = f(x) − f(x with a window hidden), averaged where windows overlap (Zeiler and Fergus 2014). */
export const occlusion: Method<'occlusion'> = {
  plan: (subject, options) => {
    inputOnly(subject, 'occlusion');
    const fill = baselineInput(options.fill, subject, 'fill');
    const plane = planeOf(subject.network.inputShape);
    const window = pair(
      options.window,
      plane.map((side) => Math.max(1, Math.round(side / WINDOW_SHARE))),
      plane,
    );
    const stride = pair(
      options.stride,
      window.map((side) => Math.max(1, Math.floor(side / 2))),
      window,
    );
    const windows = windowsOver(plane, window, stride);
    return {
      ...forwardOnly(subject),
      settings: JSON.stringify(['occlusion', options]),
      options: { ...options, window, stride },
      parameters: [],
      relevanceShape: relevanceShape(subject),
      conservation: NO_DECOMPOSITION,
      requiredBox: null,
      rowsPerItem: 1 + windows.length,
      driver: windowDriver(subject, windows, fill),
    };
  },
};

function windowDriver({ network }: Subject, windows: readonly Window[], fillWith: Float32Array): Driver {
  const shape = network.inputShape;
  return function* (given, maxBatch) {
    const { outputs, target } = yield* firstRun(given);
    const [items = 0] = given.input.shape;
    const relevance = perItem(items, shape);
    const covered = new Float32Array(fillWith.length);
    for (const window of windows)
      eachCell(shape, window, (i) => {
        covered[i] = (covered[i] ?? 0) + 1;
      });
    const explained = outputOf(outputs, 'explained');
    const fill = (row: number, into: Float32Array) => {
      const item = Math.floor(row / windows.length);
      into.set(rowOf(given.input, item));
      eachCell(shape, at(windows, row), (i) => {
        into[i] = fillWith[i] ?? 0;
      });
      return item;
    };
    yield* runRows(shape, maxBatch, target, items * windows.length, fill, (row, output) => {
      const item = Math.floor(row / windows.length);
      const drop = (explained.data[item] ?? 0) - (output('explained')[0] ?? 0);
      const own = rowOf(relevance, item);
      eachCell(shape, at(windows, row), (i) => {
        own[i] = (own[i] ?? 0) + drop / (covered[i] ?? 1);
      });
    });
    return { ...outputs, relevance };
  };
}

function at(windows: readonly Window[], row: number): Window {
  const window = windows[row % windows.length];
  if (window === undefined) throw new RangeError('occlusion without windows');
  return window;
}

/** Height and width of the plane that windows move over: an image's, a signal's length, or a vector's. */
function planeOf(shape: Shape): readonly [number, number] {
  const [height = 1, width = 1] = shape.length === 3 ? shape.slice(1) : [1, shape.at(-1) ?? 1];
  return [height, width];
}

/** One number for both sides, or both; no more than `most`. A side of a strip's height stays 1. */
function pair(given: Extents, usual: readonly number[], most: readonly [number, number]): readonly [number, number] {
  const [height = 1, width = 1] = given === undefined ? usual : typeof given === 'number' ? [given, given] : given;
  return [Math.min(height, most[0]), Math.min(width, most[1])];
}

/** Windows at every stride from the first corner; the last ones are moved back to end at the border. */
function windowsOver(
  [rows, columns]: readonly [number, number],
  [height, width]: readonly [number, number],
  [down, right]: readonly [number, number],
): readonly Window[] {
  const tops = startsAlong(rows, height, down);
  const lefts = startsAlong(columns, width, right);
  return tops.flatMap((top) => lefts.map((left) => ({ top, left, height, width })));
}

function startsAlong(size: number, window: number, stride: number): readonly number[] {
  const last = size - window;
  const count = Math.ceil(last / stride) + 1;
  return Array.from({ length: count }, (_, i) => Math.min(i * stride, last));
}

function eachCell(shape: Shape, { top, left, height, width }: Window, visit: (index: number) => void): void {
  const [rows, columns] = planeOf(shape);
  const channels = shape.reduce((size, length) => size * length, 1) / (rows * columns);
  for (let channel = 0; channel < channels; channel += 1) {
    for (let row = top; row < top + height; row += 1) {
      const start = (channel * rows + row) * columns + left;
      for (let i = start; i < start + width; i += 1) visit(i);
    }
  }
}
