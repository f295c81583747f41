import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import sharp from 'sharp';
import { PIXELS, SIDE } from './mnist.ts';
import type { Sheet } from './recipe.ts';

/** Gray between the pictures, and its width in pixels. */
const PAPER = 96;
const GAP = 2;

/** Enlargement of a pixel. */
const ZOOM = 2;

/** Writes pictures side by side into one PNG, values in [0, 1] as black to white, each pixel two wide and high. */
export async function writeContactSheet(sheet: Sheet, path: string): Promise<void> {
  const rows = sheet.pixels.length / PIXELS / sheet.columns;
  const cell = SIDE + GAP;
  const [width, height] = [sheet.columns * cell + GAP, rows * cell + GAP];
  const bytes = new Uint8Array(width * height).fill(PAPER);
  for (let at = 0; at < sheet.pixels.length; at++) {
    const picture = Math.floor(at / PIXELS);
    const x = GAP + (picture % sheet.columns) * cell + (at % SIDE);
    const y = GAP + Math.floor(picture / sheet.columns) * cell + Math.floor((at % PIXELS) / SIDE);
    bytes[y * width + x] = Math.round(255 * Math.min(Math.max(sheet.pixels[at] ?? 0, 0), 1));
  }
  const png = sharp(bytes, { raw: { width, height, channels: 1 } })
    .resize(width * ZOOM, height * ZOOM, { kernel: 'nearest' })
    .toColourspace('b-w')
    .png({ compressionLevel: 9 });
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, await png.toBuffer());
}
