import type { Size } from './geometry.ts';

/** A picture in memory: 8-bit samples, row by row, the channels of a pixel side by side; three channels are R, G, B. */
export interface Pixels extends Size {
  readonly channels: 1 | 3;
  readonly data: Uint8Array;
}

/** A picture in colour. */
export interface Picture extends Pixels {
  readonly channels: 3;
}

/** The picture in colour of what a network saw: gray becomes three equal channels. */
export function inColour(pixels: Pixels): Picture {
  if (pixels.channels === 3) return { ...pixels, channels: 3 };
  const data = new Uint8Array(pixels.data.length * 3);
  for (let i = 0; i < pixels.data.length; i++) data.fill(pixels.data[i] ?? 0, 3 * i, 3 * i + 3);
  return { width: pixels.width, height: pixels.height, channels: 3, data };
}

/** The luma of a picture: (19595 R + 38470 G + 7471 B + 32768) >> 16, which leaves grays as they are. */
export function inGray(pixels: Pixels): Pixels {
  if (pixels.channels === 1) return pixels;
  const { width, height } = pixels;
  const data = new Uint8Array(width * height);
  for (let i = 0, at = 0; i < data.length; i++, at += 3) {
    const red = pixels.data[at] ?? 0;
    const green = pixels.data[at + 1] ?? 0;
    const blue = pixels.data[at + 2] ?? 0;
    data[i] = (19595 * red + 38470 * green + 7471 * blue + 32768) >> 16;
  }
  return { width, height, channels: 1, data };
}
