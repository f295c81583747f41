import { deflateSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { preprocessingSchema } from '../../schemas/preprocessing.ts';
import { decodeImage } from '../../services/ingestion/decodeImage.ts';
import { secureSharp } from '../../services/ingestion/secureSharp.ts';
import { type PngSource, writePng } from './png.ts';

beforeAll(() => secureSharp());
afterAll(() => sharp.unblock({ operation: ['VipsForeignLoad'] }));

const MEGABYTE = 2 ** 20;
const PLAIN: PngSource = { width: 28, height: 28, bitDepth: 8, colourType: 0, samples: new Uint8Array(784).fill(90) };
const input = { shape: [1, 28, 28], preprocessing: preprocessingSchema.parse({}) };
const decode = (bytes: Uint8Array, maxPixels = 64e6) => decodeImage(bytes, input, { maxPixels });

/** Decodes or refuses, in words of ours, within a second and 64 MB. */
async function harmless(bytes: Uint8Array): Promise<Uint8Array | null> {
  const before = process.memoryUsage().rss;
  const started = performance.now();
  const outcome: unknown = await decode(bytes).catch((error: unknown) => error);
  expect(performance.now() - started).toBeLessThan(20_000);
  expect(process.memoryUsage().rss - before).toBeLessThan(64 * MEGABYTE);
  if (outcome instanceof Error) {
    expect(outcome).toMatchObject({ name: 'ElucidError', code: 'unsupported-image' });
    return null;
  }
  return (outcome as Awaited<ReturnType<typeof decode>>).data;
}

describe('what comes beside the pixels', () => {
  /** 256 MB of zeros in 256 kB. */
  const packed = deflateSync(Buffer.alloc(256 * MEGABYTE), { level: 1 });
  const latin1 = (text: string) => Buffer.from(text, 'latin1');

  test.each<[string, string, Buffer]>([
    ['a colour profile (ICC)', 'iCCP', Buffer.concat([latin1('icc\0\0'), packed])],
    ['a packed text', 'zTXt', Buffer.concat([latin1('Comment\0\0'), packed])],
    ['an international text', 'iTXt', Buffer.concat([latin1('Comment\0\x01\0\0\0'), packed])],
    ['metadata (XMP)', 'iTXt', Buffer.concat([latin1('XML:com.adobe.xmp\0\x01\0\0\0'), packed])],
  ])('%s that unpacks to 256 MB is not unpacked', async (_, type, data) => {
    expect(packed.length).toBeLessThan(2 * MEGABYTE);
    await harmless(writePng({ ...PLAIN, chunks: [{ type, data }] }));
  });

  test('a colour profile of nonsense', async () => {
    const data = Buffer.concat([latin1('icc\0\0'), deflateSync(Buffer.alloc(4096, 0xa5))]);
    await harmless(writePng({ ...PLAIN, chunks: [{ type: 'iCCP', data }] }));
  });

  /** TIFF, little-endian: one directory of `count` entries, the next one at `next`. */
  function exif(count: number, next: number, entry = [0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0]): Buffer {
    const link = Buffer.alloc(4);
    link.writeUInt32LE(next);
    const entries = Array.from({ length: Math.min(count, 5000) }, () => Buffer.from(entry));
    return Buffer.concat([latin1('II*\0\x08\0\0\0'), Buffer.from([count & 255, count >> 8]), ...entries, link]);
  }

  test.each<[string, Buffer]>([
    ['a directory that follows itself', exif(1, 8)],
    ['thousands of entries', exif(5000, 0)],
    ['more entries than there are bytes', exif(65_535, 0)],
    ['a value of 4 GB', exif(1, 0, [0x12, 1, 3, 0, 255, 255, 255, 255, 255, 255, 255, 127])],
    ['an orientation that does not exist', exif(1, 0, [0x12, 1, 3, 0, 1, 0, 0, 0, 99, 0, 0, 0])],
    ['nonsense', Buffer.alloc(5000, 0xa5)],
  ])('EXIF with %s', async (_, data) => {
    await harmless(writePng({ ...PLAIN, chunks: [{ type: 'eXIf', data }] }));
    const jpeg = await sharp(PLAIN.samples, { raw: { width: 28, height: 28, channels: 1 } })
      .jpeg()
      .toBuffer();
    const length = Buffer.alloc(2);
    const body = Buffer.concat([latin1('Exif\0\0'), data]).subarray(0, 65_000);
    length.writeUInt16BE(body.length + 2);
    await harmless(Buffer.concat([jpeg.subarray(0, 2), Buffer.from([0xff, 0xe1]), length, body, jpeg.subarray(2)]));
  });

  test('the same picture without any of it is read', async () => {
    expect(await harmless(writePng(PLAIN))).toEqual(new Uint8Array(784).fill(90));
  });
});

describe('animations', () => {
  test('of hundreds of frames are as cheap as their first one', async () => {
    const frame = (gray: number) =>
      ({ create: { width: 28, height: 28, channels: 3, background: `rgb(${gray},${gray},${gray})` } }) as const;
    const frames = await Promise.all(
      Array.from({ length: 400 }, (_, i) =>
        sharp(frame(i % 256))
          .png()
          .toBuffer(),
      ),
    );
    sharp.unblock({ operation: ['VipsForeignLoad'] });
    const webp = await sharp(frames, { join: { animated: true } })
      .webp({ lossless: true, effort: 0 })
      .toBuffer();
    expect((await sharp(webp).metadata()).pages).toBeGreaterThan(200);
    secureSharp();
    expect(await harmless(webp)).toEqual(new Uint8Array(784).fill(0));
  });

  test('of a PNG are its first picture, however many are announced', async () => {
    const data = Buffer.alloc(8);
    data.writeUInt32BE(2 ** 31 - 1);
    expect(await harmless(writePng({ ...PLAIN, chunks: [{ type: 'acTL', data }] }))).toEqual(
      new Uint8Array(784).fill(90),
    );
  });
});

describe('interlaced and progressive pictures', () => {
  const samples = Uint8Array.from({ length: 28 * 28 }, (_, i) => (i * 37) % 251);
  const made = () => sharp(samples, { raw: { width: 28, height: 28, channels: 1 } });

  test.each(['png', 'jpeg'] as const)('a %s is read as the one that is not', async (format) => {
    const plain = await harmless(await made().toFormat(format, { progressive: false }).toBuffer());
    const interlaced = await made().toFormat(format, { progressive: true }).toBuffer();
    expect((await sharp(interlaced).metadata()).isProgressive).toBe(true);
    expect(await harmless(interlaced)).toEqual(plain);
  });

  test.each(['png', 'jpeg'] as const)('a %s of too many pixels is refused by its header', async (format) => {
    const bytes = await made().toFormat(format, { progressive: true }).toBuffer();
    await expect(decode(bytes, 783)).rejects.toMatchObject({ code: 'too-large' });
  });
});
