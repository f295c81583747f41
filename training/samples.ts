import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { type Digits, SIDE } from './mnist.ts';
import { strokes } from './strokes.ts';

const BOX = 20;
const PEN = 2.6;
const WHITE = 255;

/**
 * Draws a sample digit as MNIST does: white ink on black, 28 × 28, in a box of 20 × 20 whose centre of mass is the
 * picture's centre.
 * @returns bytes 0 … 255, row by row
 */
export async function drawSample(digit: number): Promise<Uint8Array> {
  const path = strokes[digit];
  if (path === undefined) throw new RangeError(`there are no strokes for ${digit}: draw 0 to ${strokes.length - 1}`);
  const margin = (SIDE - BOX) / 2;
  const [x, y] = centreOfMass(await rasterise(path, margin, margin));
  const centre = (SIDE - 1) / 2;
  return rasterise(path, margin + centre - x, margin + centre - y);
}

/** Draws all samples into a folder, as `0.png` … `9.png`. */
export async function writeSamples(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const digit of strokes.keys()) {
    const raw = { width: SIDE, height: SIDE, channels: 1 as const };
    const png = sharp(await drawSample(digit), { raw })
      .toColourspace('b-w')
      .png({ compressionLevel: 9 });
    await writeFile(join(folder, `${digit}.png`), await png.toBuffer());
  }
}

/** Reads the samples back, in the order of their digits. */
export async function readSamples(folder: string): Promise<Digits> {
  const labels = Uint8Array.from(strokes.keys());
  const pictures = await Promise.all(
    Array.from(labels, (digit) =>
      sharp(join(folder, `${digit}.png`))
        .extractChannel(0)
        .raw()
        .toBuffer(),
    ),
  );
  return { count: labels.length, labels, pixels: Buffer.concat(pictures) };
}

async function rasterise(path: string, left: number, top: number): Promise<Uint8Array> {
  const pen = `fill="none" stroke="#fff" stroke-width="${PEN}" stroke-linecap="round" stroke-linejoin="round"`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${SIDE}" height="${SIDE}">
    <rect width="100%" height="100%"/><path transform="translate(${left} ${top})" d="${path}" ${pen}/></svg>`;
  return sharp(Buffer.from(svg)).extractChannel(0).raw().toBuffer();
}

function centreOfMass(pixels: Uint8Array): [x: number, y: number] {
  let [mass, x, y] = [0, 0, 0];
  pixels.forEach((value, index) => {
    mass += value / WHITE;
    x += (value / WHITE) * (index % SIDE);
    y += (value / WHITE) * Math.floor(index / SIDE);
  });
  return [x / mass, y / mass];
}
