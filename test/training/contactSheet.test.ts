import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { writeContactSheet } from '../../training/contactSheet.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'contact-sheet-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('a contact sheet shows its pictures in rows, with paper between them', async () => {
  const pixels = Float32Array.from({ length: 4 * 784 }, (_, at) => [0, 1, 0.4, 1.7][Math.floor(at / 784)] ?? 0);
  pixels[0] = 1;
  const path = join(folder, 'new', 'sheet.png');
  await writeContactSheet({ columns: 2, pixels }, path);
  const { data, info } = await sharp(path).extractChannel(0).raw().toBuffer({ resolveWithObject: true });
  // two pictures and three gaps of two pixels, everything twice as large
  expect([info.width, info.height]).toEqual([124, 124]);
  const at = (x: number, y: number) => data[2 * y * 124 + 2 * x];
  expect([at(0, 0), at(31, 5), at(2, 2), at(3, 2), at(33, 3)]).toEqual([96, 96, 255, 0, 255]);
  expect([at(3, 33), at(40, 40)]).toEqual([102, 255]);
});
