import type { RenderOptions } from '../../schemas/render.ts';

export type Interpolation = RenderOptions['interpolation'];

/** One number per pixel, row by row. */
export interface Plane {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
}

/** What one output pixel takes from a line of input pixels. */
type Taps = readonly { readonly at: number; readonly weight: number }[];

/**
 * A plane in another size, first along its rows, then along its columns. Enlarged, `nearest` repeats pixels and `cubic`
 * draws the Catmull-Rom curve through them (with the outermost pixels repeated beyond the border); what shrinks is
 * averaged over the area of each new pixel, so that nothing is left out.
 */
export function resample(plane: Plane, width: number, height: number, interpolation: Interpolation): Plane {
  const wide = alongRows(plane, width, interpolation);
  return alongColumns(wide, height, interpolation);
}

function alongRows({ width, height, data }: Plane, target: number, interpolation: Interpolation): Plane {
  if (width === target) return { width, height, data };
  const result = new Float32Array(target * height);
  for (const [x, taps] of tapsOf(width, target, interpolation).entries()) {
    for (let y = 0; y < height; y++) {
      let sum = 0;
      for (const { at, weight } of taps) sum += weight * (data[y * width + at] ?? 0);
      result[y * target + x] = sum;
    }
  }
  return { width: target, height, data: result };
}

function alongColumns({ width, height, data }: Plane, target: number, interpolation: Interpolation): Plane {
  if (height === target) return { width, height, data };
  const result = new Float32Array(width * target);
  for (const [y, taps] of tapsOf(height, target, interpolation).entries()) {
    const row = result.subarray(y * width, (y + 1) * width);
    for (const { at, weight } of taps) {
      const source = data.subarray(at * width, (at + 1) * width);
      if (taps.length === 1) row.set(source);
      else for (let x = 0; x < width; x++) row[x] = (row[x] ?? 0) + weight * (source[x] ?? 0);
    }
  }
  return { width, height: target, data: result };
}

function tapsOf(from: number, to: number, interpolation: Interpolation): Taps[] {
  const one = to < from ? averageTaps : interpolation === 'cubic' ? cubicTaps : nearestTaps;
  return Array.from({ length: to }, (_, i) => one(i, from, to));
}

function nearestTaps(i: number, from: number, to: number): Taps {
  return [{ at: sourceOf(i, from, to), weight: 1 }];
}

/** The old pixel that the middle of the new pixel i lies in. */
export function sourceOf(i: number, from: number, to: number): number {
  return Math.floor(((i + 0.5) * from) / to);
}

/** The share of the new pixel that each old one covers. */
function averageTaps(i: number, from: number, to: number): Taps {
  const start = (i * from) / to;
  const end = ((i + 1) * from) / to;
  const first = Math.floor(start);
  const count = Math.min(from, Math.ceil(end)) - first;
  return Array.from({ length: count }, (_, k) => {
    const at = first + k;
    return { at, weight: (Math.min(end, at + 1) - Math.max(start, at)) / (end - start) };
  });
}

/** Keys' cubic convolution with a = −1/2 (Catmull-Rom), over the four nearest pixels. */
function cubicTaps(i: number, from: number, to: number): Taps {
  const centre = ((i + 0.5) * from) / to - 0.5;
  const first = Math.floor(centre) - 1;
  return Array.from({ length: 4 }, (_, k) => ({
    at: Math.min(from - 1, Math.max(0, first + k)),
    weight: keys(Math.abs(centre - (first + k))),
  }));
}

function keys(x: number): number {
  if (x <= 1) return 1.5 * x ** 3 - 2.5 * x ** 2 + 1;
  return x < 2 ? -0.5 * x ** 3 + 2.5 * x ** 2 - 4 * x + 2 : 0;
}
