import sharp from 'sharp';
import { preprocessingSchema } from '../../schemas/preprocessing.ts';
import { decodeImage } from '../../services/ingestion/decodeImage.ts';
import { secureSharp } from '../../services/ingestion/secureSharp.ts';
import { writeBomb } from './png.ts';

beforeAll(() => secureSharp());
afterAll(() => sharp.unblock({ operation: ['VipsForeignLoad'] }));

const input = { shape: [1, 28, 28], preprocessing: preprocessingSchema.parse({}) };

function decode(bytes: Uint8Array) {
  return decodeImage(bytes, input, { maxPixels: 64e6 });
}

/** A picture without any pattern, 64 × 64. */
function noise() {
  const samples = Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => (i * i * 7919) % 256);
  return sharp(samples, { raw: { width: 64, height: 64, channels: 3 } });
}

describe('hostile files', () => {
  const refused = async (bytes: Uint8Array, received: string) => {
    await expect(decode(bytes)).rejects.toMatchObject({
      name: 'ElucidError',
      code: 'unsupported-image',
      message: `the image cannot be read: received ${received}; PNG, JPEG and WebP are read`,
    });
  };

  test('nothing', () => refused(new Uint8Array(), 'an empty file'));
  test('text', () => refused(Buffer.from('this is really no image'), '23 bytes of text'));
  test('an SVG', () =>
    refused(Buffer.from('<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>'), 'an SVG image'));
  test('other bytes', () => refused(Uint8Array.of(1, 2, 3, 255), '4 bytes of unknown data'));
  test('a GIF', async () => refused(await noise().gif().toBuffer(), 'a GIF image'));
  test('a TIFF', async () => refused(await noise().tiff().toBuffer(), 'a TIFF image'));
  test('an AVIF', async () => refused(await noise().avif({ effort: 0 }).toBuffer(), 'an AVIF image'));
  test('a signature alone', () => refused(Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), 'a truncated PNG (8 bytes)'));

  test.each(['png', 'jpeg', 'webp'] as const)('a %s cut anywhere', async (format) => {
    const whole = await noise().toFormat(format).toBuffer();
    const name = { png: 'PNG', jpeg: 'JPEG', webp: 'WebP' }[format];
    for (const share of [0.1, 0.5, 0.9, 0.999]) {
      const cut = whole.subarray(0, Math.floor(whole.length * share));
      await refused(cut, `a truncated ${name} (${cut.length} bytes)`);
    }
  });

  test.each(['png', 'jpeg', 'webp'] as const)('a %s with its middle overwritten never crashes', async (format) => {
    const whole = await noise().toFormat(format).toBuffer();
    for (let at = 20; at < whole.length - 40; at += Math.ceil(whole.length / 15)) {
      const damaged = Buffer.from(whole);
      damaged.fill(0xa5, at, at + 16);
      const result = await decode(damaged).catch((error: unknown) => error);
      if (result instanceof Error) expect(result).toMatchObject({ name: 'ElucidError' });
    }
  });

  test('a PNG with a wrong checksum', async () => {
    const whole = await noise().png().toBuffer();
    const damaged = Buffer.from(whole);
    damaged[Math.floor(whole.length / 2)] = (damaged[Math.floor(whole.length / 2)] ?? 0) ^ 0xff;
    await refused(damaged, 'a truncated or damaged PNG');
  });

  test('a PNG of 400 megapixels is refused by its header, at once and in little memory', async () => {
    const bomb = await writeBomb(20_000);
    expect(bomb.length).toBeLessThan(1e6);
    const before = process.memoryUsage().rss;
    const started = performance.now();
    await expect(decode(bomb)).rejects.toMatchObject({
      code: 'too-large',
      message: 'the PNG has 20000×20000 = 400000000 pixels; allowed are 64000000',
    });
    expect(performance.now() - started).toBeLessThan(20_000);
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 2 ** 20);
  });

  test('the loaders of other formats are closed, even if one got past the signature', async () => {
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"/>');
    await expect(sharp(svg).png().toBuffer()).rejects.toThrow();
  });
});
