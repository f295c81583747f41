import type { Box } from '../../models/preprocessing/pixels.ts';
import { boundAt } from '../explanation/inputBox.ts';

/** Lowest and highest value of every element of a variable. */
export interface Bounds {
  readonly low: Float32Array;
  readonly high: Float32Array;
}

/** A box, element by element. */
export function boundsOf(box: Box, size: number): Bounds {
  const [low, high] = [boundAt(box.low, size), boundAt(box.high, size)];
  return {
    low: Float32Array.from({ length: size }, (_, i) => low(i)),
    high: Float32Array.from({ length: size }, (_, i) => high(i)),
  };
}

/** Pairs of lowest and highest, [...shape, 2], as bounds. */
export function boundsOfPairs(pairs: Float32Array): Bounds {
  const size = pairs.length / 2;
  return {
    low: Float32Array.from({ length: size }, (_, i) => pairs[2 * i] ?? 0),
    high: Float32Array.from({ length: size }, (_, i) => pairs[2 * i + 1] ?? 0),
  };
}

/** The mean of high − low; 1 where nothing is bounded. */
export function meanWidth(bounds: Bounds | null): number {
  if (bounds === null) return 1;
  const { low, high } = bounds;
  let sum = 0;
  for (let i = 0; i < low.length; i += 1) sum += (high[i] ?? 0) - (low[i] ?? 0);
  return sum / low.length;
}

/** Moves every value to the nearest one that is allowed, in place. */
export function project(values: Float32Array, bounds: Bounds | null): void {
  if (bounds === null) return;
  const { low, high } = bounds;
  for (let i = 0; i < values.length; i += 1) {
    values[i] = Math.min(Math.max(values[i] as number, low[i] as number), high[i] as number);
  }
}
