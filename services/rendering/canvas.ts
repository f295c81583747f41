import type { Picture } from '../../models/preprocessing/picture.ts';
import type { Rgb } from './colormaps.ts';
import { GLYPH, inkAt } from './font.ts';

/** A rectangle of a canvas, in pixels from its upper left corner. */
export interface Rectangle {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export const INK: Rgb = [32, 32, 32];
export const FRAME: Rgb = [208, 208, 208];

/** A white picture to draw on. */
export function blankCanvas(width: number, height: number): Picture {
  return { width, height, channels: 3, data: new Uint8Array(3 * width * height).fill(255) };
}

/** Copies a picture onto a canvas that has room for it. */
export function paste(canvas: Picture, picture: Picture, left: number, top: number): void {
  for (let y = 0; y < picture.height; y++) {
    const row = picture.data.subarray(3 * y * picture.width, 3 * (y + 1) * picture.width);
    canvas.data.set(row, 3 * ((top + y) * canvas.width + left));
  }
}

/** Fills a rectangle; what lies outside the canvas is left out. */
export function fill(canvas: Picture, { left, top, width, height }: Rectangle, colour: Rgb): void {
  for (let y = Math.max(0, top); y < Math.min(canvas.height, top + height); y++) {
    for (let x = Math.max(0, left); x < Math.min(canvas.width, left + width); x++) {
      canvas.data.set(colour, 3 * (y * canvas.width + x));
    }
  }
}

/** Draws a thin line around a rectangle, outside of it. */
export function frame(canvas: Picture, { left, top, width, height }: Rectangle): void {
  fill(canvas, { left: left - 1, top: top - 1, width: width + 2, height: 1 }, FRAME);
  fill(canvas, { left: left - 1, top: top + height, width: width + 2, height: 1 }, FRAME);
  fill(canvas, { left: left - 1, top, width: 1, height }, FRAME);
  fill(canvas, { left: left + width, top, width: 1, height }, FRAME);
}

/** Writes a text in the built-in font, `scale` pixels per font pixel, from its upper left corner. */
export function write(canvas: Picture, text: string, left: number, top: number, scale: number): void {
  for (const [index, character] of Array.from(text).entries()) {
    for (let row = 0; row < GLYPH.height; row++) {
      for (let column = 0; column < GLYPH.width; column++) {
        if (!inkAt(character, column, row)) continue;
        const x = left + scale * (index * GLYPH.advance + column);
        fill(canvas, { left: x, top: top + scale * row, width: scale, height: scale }, INK);
      }
    }
  }
}
