import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { drawSample, readSamples } from '../../training/samples.ts';

const folder = fileURLToPath(new URL('../../models/zoo/samples', import.meta.url));
const digits = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

describe('sample digits', () => {
  it.each(digits)('%i is drawn the same each time, and as it lies in the zoo', async (digit) => {
    const drawn = await drawSample(digit);
    expect(await drawSample(digit)).toEqual(drawn);
    const { pixels } = await readSamples(folder);
    const stored = pixels.subarray(digit * 784, (digit + 1) * 784);
    const differences = Array.from(drawn, (value, index) => Math.abs(value - (stored[index] ?? 0)));
    // Two levels of gray for what another platform's rasteriser may round otherwise.
    expect(Math.max(...differences)).toBeLessThanOrEqual(2);
  });

  it.each(digits)('%i lies in the middle, bright on black, with an empty border', async (digit) => {
    const drawn = await drawSample(digit);
    let [mass, x, y] = [0, 0, 0];
    drawn.forEach((value, index) => {
      mass += value;
      x += value * (index % 28);
      y += value * Math.floor(index / 28);
    });
    expect(x / mass).toBeCloseTo(13.5, 0.5);
    expect(y / mass).toBeCloseTo(13.5, 0.5);
    expect(Math.max(...drawn)).toBeGreaterThan(250);
    const border = drawn.filter((_, index) => index % 28 === 0 || index % 28 === 27 || index < 28 || index >= 756);
    expect(Math.max(...border)).toBe(0);
  });

  it('are pictures of one gray channel, 28 by 28', async () => {
    const { format, width, height, channels } = await sharp(await readFile(`${folder}/3.png`)).metadata();
    expect({ format, width, height, channels }).toEqual({ format: 'png', width: 28, height: 28, channels: 1 });
  });

  it('has no strokes for other numbers', async () => {
    await expect(drawSample(10)).rejects.toThrow('there are no strokes for 10: draw 0 to 9');
  });
});
