import type { Picture } from '../../models/preprocessing/picture.ts';
import { arrayTensor } from '../../models/tensors/tensor.ts';
import { drawFilterSheet, type FilterSheetOptions } from '../../services/rendering/filterSheet.ts';

/** Filters of 2 × 2 weights on a sheet: where the first and the second begin, at 8 pixels per weight. */
const FIRST = { left: 8, top: 8 };
const SECOND = { left: 8 + 16 + 8, top: 8 };
const CELL = 8;

const options: FilterSheetOptions = { colours: 'gray', channels: [0, 1, 2], normalise: 'filter', size: 16 };

function draw(shape: readonly number[], values: readonly number[], changed: Partial<FilterSheetOptions> = {}): Picture {
  return drawFilterSheet(arrayTensor(shape, Float32Array.from(values)), { ...options, ...changed });
}

/** The colour in the middle of a weight's square. */
function weightAt({ width, data }: Picture, filter: typeof FIRST, row: number, column: number): number[] {
  const [x, y] = [filter.left + column * CELL + CELL / 2, filter.top + row * CELL + CELL / 2];
  return Array.from(data.subarray(3 * (y * width + x), 3 * (y * width + x) + 3));
}

function gray(level: number): number[] {
  return [level, level, level];
}

const TWO = [1, -2, 0, 0.5, 10, 0, 0, -5];

test('zero is mid gray and the largest |weight| of each filter is black or white', () => {
  const sheet = draw([2, 1, 2, 2], TWO);
  expect(weightAt(sheet, FIRST, 0, 1)).toEqual(gray(1));
  expect(weightAt(sheet, FIRST, 0, 0)).toEqual(gray(192));
  expect(weightAt(sheet, FIRST, 1, 0)).toEqual(gray(128));
  expect(weightAt(sheet, SECOND, 0, 0)).toEqual(gray(255));
  expect(weightAt(sheet, SECOND, 1, 1)).toEqual(gray(65));
});

test('normalised over all filters they can be compared', () => {
  const sheet = draw([2, 1, 2, 2], TWO, { normalise: 'all' });
  expect(weightAt(sheet, FIRST, 0, 1)).toEqual(gray(Math.round(128 - 127 * 0.2)));
  expect(weightAt(sheet, SECOND, 0, 0)).toEqual(gray(255));
});

test('red-blue is white at zero', () => {
  const sheet = draw([2, 1, 2, 2], TWO, { colours: 'red-blue' });
  expect(weightAt(sheet, FIRST, 0, 1)).toEqual([0, 0, 255]);
  expect(weightAt(sheet, FIRST, 1, 0)).toEqual(gray(255));
  expect(weightAt(sheet, SECOND, 0, 0)).toEqual([255, 0, 0]);
});

test('three channels are one picture in colour, in the order of the network', () => {
  const values = [4, 0, 0, 0, 0, -4, 0, 0, 0, 0, 2, 0];
  const rgb = draw([1, 3, 2, 2], values, { colours: 'rgb' });
  const at = (sheet: Picture, row: number, column: number) => weightAt(sheet, { left: 0, top: 0 }, row, column);
  expect(at(rgb, 0, 0)).toEqual([255, 128, 128]);
  expect(at(rgb, 0, 1)).toEqual([128, 1, 128]);
  expect(at(rgb, 1, 0)).toEqual([128, 128, 192]);
  expect(at(rgb, 1, 1)).toEqual(gray(128));
  const bgr = draw([1, 3, 2, 2], values, { colours: 'rgb', channels: [2, 1, 0] });
  expect(at(bgr, 0, 0)).toEqual([128, 128, 255]);
  expect(at(bgr, 1, 0)).toEqual([192, 128, 128]);
});

test('other filters are a mosaic of one map per channel', () => {
  // Four channels of 2 × 2: two by two maps with a line between them, 5 × 5 weights in all.
  const values = Array.from({ length: 16 }, (_, i) => (i < 4 ? 1 : i < 8 ? -1 : 0));
  const sheet = draw([1, 4, 2, 2], values, { colours: 'red-blue', size: 5 * CELL });
  expect(sheet.width).toBe(5 * CELL);
  const colours = [0, 2, 3].map((column) => weightAt(sheet, { left: 0, top: 0 }, 0, column));
  expect(colours).toEqual([[255, 0, 0], gray(208), [0, 0, 255]]);
  expect(weightAt(sheet, { left: 0, top: 0 }, 3, 3)).toEqual(gray(255));
});

test('every filter has its index below, in black on white', () => {
  const { width, height, data } = draw([2, 1, 2, 2], TWO);
  const inked = (left: number, right: number) => {
    let count = 0;
    for (let y = FIRST.top + 18; y < height; y++) {
      for (let x = left; x < right; x++) if ((data[3 * (y * width + x)] ?? 255) < 64) count += 1;
    }
    return count;
  };
  expect(inked(FIRST.left, FIRST.left + 16)).toBeGreaterThan(5);
  expect(inked(SECOND.left, SECOND.left + 16)).toBeGreaterThan(5);
});

test('filters of zeros are mid gray', () => {
  expect(weightAt(draw([2, 1, 2, 2], new Array(8).fill(0)), FIRST, 0, 0)).toEqual(gray(128));
});

test('the sheet is about square, and by default a filter is at least 64 pixels', () => {
  const { width, height } = draw([96, 1, 11, 11], new Array(96 * 121).fill(1), { size: undefined });
  expect(width / height).toBeGreaterThan(0.8);
  expect(width / height).toBeLessThan(1.25);
  expect(width).toBe(8 + 10 * (66 + 8) + 74);
});

test('a sheet that would be too large is refused', () => {
  const weights = arrayTensor([300_000, 1, 1, 1], new Float32Array(300_000));
  expect(() => drawFilterSheet(weights, options)).toThrow('exceeds 4096 pixels');
});
