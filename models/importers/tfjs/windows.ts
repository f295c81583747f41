import type { Padding, Pair } from '../../network.ts';

interface Windows {
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly dilation: Pair;
}

/**
 * The padding that Keras computes. `same` gives ceil(size / stride) windows; when the cells that this needs beyond the
 * border are odd in number, the extra one lies at the bottom and on the right.
 */
export function kerasPadding(padding: 'valid' | 'same', windows: Windows, [height, width]: Pair): Padding {
  if (padding === 'valid') return [0, 0, 0, 0];
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
