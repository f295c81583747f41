import { z } from 'zod';
import type { Padding, Pair } from '../../network.ts';
import { pairSchema, stepsSchema } from './reader.ts';
import { imageInput, type KerasValue, signalInput } from './values.ts';

/** What differs between layers whose windows move over images and those whose windows move along signals. */
export interface Sliding {
  /** Axes of a window in Keras. */
  readonly axes: 1 | 2;
  /** An extent along these axes: vertical, which is 1 for signals, and horizontal. */
  readonly extent: z.ZodType<Pair>;
  readonly input: (inputs: readonly KerasValue[]) => KerasValue;
}

export const OVER_IMAGES: Sliding = { axes: 2, extent: pairSchema, input: imageInput };
export const ALONG_SIGNALS: Sliding = { axes: 1, extent: stepsSchema, input: signalInput };

/** Keras' ways to pad windows; `causal` is for convolutions along signals. */
export const paddingSchema = z.enum(['valid', 'same']);
export const causalPaddingSchema = z.enum(['valid', 'same', 'causal']);
export type KerasPadding = z.output<typeof causalPaddingSchema>;

interface Windows {
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly dilation: Pair;
}

/**
 * The padding that Keras computes. `same` gives ceil(size / stride) windows; when the cells that this needs beyond the
 * border are odd in number, the extra one lies at the bottom and on the right. `causal` windows end where they are
 * written to: all that they lack lies on the left.
 */
export function kerasPadding(padding: KerasPadding, windows: Windows, [height, width]: Pair): Padding {
  if (padding === 'valid') return [0, 0, 0, 0];
  if (padding === 'causal') return [0, windows.dilation[1] * (windows.kernel[1] - 1), 0, 0];
  const [top, bottom] = sameAlong(height, windows.kernel[0], windows.stride[0], windows.dilation[0]);
  const [left, right] = sameAlong(width, windows.kernel[1], windows.stride[1], windows.dilation[1]);
  return [top, left, bottom, right];
}

function sameAlong(size: number, kernel: number, stride: number, dilation: number): Pair {
  const reach = dilation * (kernel - 1) + 1;
  const total = Math.max((Math.ceil(size / stride) - 1) * stride + reach - size, 0);
  const before = Math.floor(total / 2);
  return [before, total - before];
}
