import sharp from 'sharp';
import type { Picture } from '../../models/preprocessing/picture.ts';
import { encodeAnimation } from '../../services/rendering/animation.ts';
import { drawPictureSheet } from '../../services/rendering/pictureSheet.ts';

function plain(level: number): Picture {
  return { width: 4, height: 4, channels: 3, data: new Uint8Array(48).fill(level) };
}

const options = { size: 16, interpolation: 'nearest', titles: ['a', 'b', 'c'] } as const;

test('one picture is only enlarged', () => {
  const sheet = drawPictureSheet([plain(7)], options);
  expect([sheet.width, sheet.height]).toEqual([16, 16]);
  expect(new Set(sheet.data)).toEqual(new Set([7]));
});

test('several stand side by side, 8 pixels apart, on white', () => {
  const sheet = drawPictureSheet([plain(10), plain(20), plain(30)], options);
  const at = (x: number, y: number) => sheet.data[3 * (y * sheet.width + x)];
  expect([at(8, 8), at(8 + 24, 8), at(8 + 48, 8), at(2, 2)]).toEqual([10, 20, 30, 255]);
  expect(sheet.width).toBe(8 + 3 * 24);
});

test('the pictures of a sheet are as small as its longest side wants', () => {
  const sheet = drawPictureSheet([plain(10), plain(20), plain(30)], { ...options, maxSide: 60 });
  expect(Math.max(sheet.width, sheet.height)).toBeLessThanOrEqual(60);
  expect(sheet.width).toBeGreaterThan(50);
});

test('no frames are refused', async () => {
  await expect(encodeAnimation([], 40)).rejects.toThrow(RangeError);
});

test('no picture is refused', () => {
  expect(() => drawPictureSheet([], options)).toThrow(RangeError);
});

test('an animation has its frames, in order and without loss', async () => {
  const levels = [0, 100, 200];
  const bytes = await encodeAnimation(
    levels.map((level) => () => plain(level)),
    40,
  );
  const metadata = await sharp(bytes, { animated: true }).metadata();
  expect(metadata).toMatchObject({ format: 'webp', pages: 3, pageHeight: 4, width: 4, loop: 0, delay: [40, 40, 480] });
  const { data } = await sharp(bytes, { animated: true }).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  expect(levels.map((_, frame) => data[frame * 48])).toEqual(levels);
});

test('frames of different sizes are refused', async () => {
  const other: Picture = { width: 2, height: 8, channels: 3, data: new Uint8Array(48) };
  await expect(encodeAnimation([() => plain(0), () => other], 40)).rejects.toThrow(RangeError);
});
