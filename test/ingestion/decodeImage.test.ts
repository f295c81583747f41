import sharp from 'sharp';
import { type PreprocessingSpec, preprocessingSchema } from '../../schemas/preprocessing.ts';
import { secureSharp } from '../../services/ingestion/secureSharp.ts';
import { seenBy } from '../support/seenBy.ts';
import { writePng } from './png.ts';

const MAX_PIXELS = 64e6;

beforeAll(() => secureSharp());
afterAll(() => sharp.unblock({ operation: ['VipsForeignLoad'] }));

/** The samples that a network without any scaling gets, [C, H, W], and the picture. */
async function decode(bytes: Uint8Array, shape: readonly number[], spec: PreprocessingSpec = {}) {
  const input = { shape, preprocessing: preprocessingSchema.parse(spec) };
  const { tensor, picture } = await seenBy(input, bytes, MAX_PIXELS);
  expect(tensor.shape).toEqual([1, ...shape]);
  return { values: Array.from(tensor.data), picture };
}

/** Raw samples as a picture that sharp can write in any format. */
function rawRgb(width: number, height: number, samples: readonly number[]) {
  return sharp(Uint8Array.from(samples), { raw: { width, height, channels: 3 } });
}

describe('PNG', () => {
  test('8-bit gray, sample by sample, and the picture in colour', async () => {
    const samples = Uint8Array.from({ length: 784 }, (_, i) => (i * 31) % 256);
    const png = writePng({ width: 28, height: 28, bitDepth: 8, colourType: 0, samples });
    const { values, picture } = await decode(png, [1, 28, 28]);
    expect(values).toEqual(Array.from(samples));
    expect(picture).toMatchObject({ width: 28, height: 28, channels: 3 });
    expect(Array.from(picture?.data ?? [])).toEqual(Array.from(samples).flatMap((p) => [p, p, p]));
  });

  test('the values follow the manifest, the picture does not', async () => {
    const png = writePng({ width: 2, height: 1, bitDepth: 8, colourType: 0, samples: Uint8Array.of(0, 204) });
    const { values, picture } = await decode(png, [1, 1, 2], { scale: 1 / 255, invert: true, mean: [0.5], std: [0.5] });
    expect(values).toEqual([1, Math.fround((51 / 255 - 0.5) / 0.5)]);
    expect(Array.from(picture?.data ?? [])).toEqual([0, 0, 0, 204, 204, 204]);
  });

  test('one channel where the network sees no colours, three where it sees them', async () => {
    const samples = Uint8Array.of(1, 2, 3);
    const png = writePng({ width: 1, height: 1, bitDepth: 8, colourType: 2, samples });
    const preprocessing = preprocessingSchema.parse({});
    const seen = (shape: readonly number[]) => seenBy({ shape, preprocessing }, png, 100);
    expect((await seen([1, 1, 1])).pixels).toMatchObject({ channels: 1, data: Uint8Array.of(2) });
    expect((await seen([3, 1, 1])).pixels).toMatchObject({ channels: 3, data: samples });
  });

  test('RGB, and the same in the order BGR', async () => {
    const samples = Uint8Array.of(1, 2, 3, 250, 130, 5);
    const png = writePng({ width: 2, height: 1, bitDepth: 8, colourType: 2, samples });
    expect((await decode(png, [3, 1, 2])).values).toEqual([1, 250, 2, 130, 3, 5]);
    expect((await decode(png, [3, 1, 2], { colour: 'bgr' })).values).toEqual([3, 5, 2, 130, 1, 250]);
    expect((await decode(png, [1, 1, 2])).values).toEqual([2, 152]);
  });

  test('gray for a colour network', async () => {
    const png = writePng({ width: 2, height: 1, bitDepth: 8, colourType: 0, samples: Uint8Array.of(17, 99) });
    expect((await decode(png, [3, 1, 2])).values).toEqual([17, 99, 17, 99, 17, 99]);
  });

  test('what is transparent is on white', async () => {
    const rgba = Uint8Array.of(10, 20, 30, 255, 10, 20, 30, 0);
    const png = writePng({ width: 2, height: 1, bitDepth: 8, colourType: 6, samples: rgba });
    expect((await decode(png, [3, 1, 2])).values).toEqual([10, 255, 20, 255, 30, 255]);
    const grayAlpha = Uint8Array.of(40, 255, 0, 0, 0, 128);
    const gray = writePng({ width: 3, height: 1, bitDepth: 8, colourType: 4, samples: grayAlpha });
    const { values } = await decode(gray, [1, 1, 3]);
    expect(values.slice(0, 2)).toEqual([40, 255]);
    expect(Math.abs((values[2] ?? 0) - 127)).toBeLessThanOrEqual(1);
  });

  test('16 bits become the upper 8', async () => {
    const words = [0, 0x80, 0xff, 0xff, 0x40, 0x40];
    const samples = Uint8Array.from(words);
    const gray = writePng({ width: 3, height: 1, bitDepth: 16, colourType: 0, samples });
    expect((await decode(gray, [1, 1, 3])).values).toEqual([0, 255, 64]);
    const rgb = writePng({ width: 1, height: 1, bitDepth: 16, colourType: 2, samples });
    expect((await decode(rgb, [3, 1, 1])).values).toEqual([0, 255, 64]);
  });

  test('1 bit is black and white', async () => {
    const png = writePng({ width: 8, height: 1, bitDepth: 1, colourType: 0, samples: Uint8Array.of(0b10110001) });
    expect((await decode(png, [1, 1, 8])).values).toEqual([255, 0, 255, 255, 0, 0, 0, 255]);
  });

  test('a palette, with a transparent entry', async () => {
    const chunks = [
      { type: 'PLTE', data: Uint8Array.of(255, 0, 0, 0, 0, 255, 9, 8, 7) },
      { type: 'tRNS', data: Uint8Array.of(255, 255, 0) },
    ];
    const png = writePng({ width: 3, height: 1, bitDepth: 8, colourType: 3, samples: Uint8Array.of(1, 0, 2), chunks });
    expect((await decode(png, [3, 1, 3])).values).toEqual([0, 255, 255, 0, 0, 255, 255, 0, 255]);
  });
});

describe('JPEG and WebP', () => {
  /** 4 quarters in red, green, blue, gray, 16 × 16 each. */
  const quarters = Array.from({ length: 1024 }, (_, i) => {
    const [x, y] = [i % 32, Math.floor(i / 32)];
    if (y < 16) return x < 16 ? [220, 30, 30] : [30, 200, 40];
    return x < 16 ? [20, 40, 210] : [128, 128, 128];
  }).flat();
  const corner = (values: readonly number[], x: number, y: number) =>
    [0, 1, 2].map((c) => values[1024 * c + 32 * y + x] ?? 0);
  const close = (actual: readonly number[], expected: readonly number[], tolerance: number) => {
    for (const [c, sample] of actual.entries()) {
      expect(Math.abs(sample - (expected[c] ?? 0))).toBeLessThanOrEqual(tolerance);
    }
  };

  test('a JPEG', async () => {
    const jpeg = await rawRgb(32, 32, quarters).jpeg({ quality: 95 }).toBuffer();
    const { values } = await decode(jpeg, [3, 32, 32]);
    close(corner(values, 4, 4), [220, 30, 30], 6);
    close(corner(values, 28, 4), [30, 200, 40], 6);
  });

  test('a JPEG that a camera turned is turned upright', async () => {
    // Orientation 6: to be turned by 90° clockwise, so that the lower left corner comes to the upper left.
    const jpeg = await rawRgb(32, 32, quarters).withMetadata({ orientation: 6 }).jpeg({ quality: 95 }).toBuffer();
    const { values, picture } = await decode(jpeg, [3, 32, 32]);
    close(corner(values, 4, 4), [20, 40, 210], 8);
    close(corner(values, 28, 4), [220, 30, 30], 8);
    close(Array.from(picture?.data.subarray(0, 3) ?? []), [20, 40, 210], 12);
  });

  test('the sides of a turned picture are those of the upright one', async () => {
    const wide = await rawRgb(64, 16, Array(64 * 16 * 3).fill(90))
      .withMetadata({ orientation: 8 })
      .jpeg()
      .toBuffer();
    const { picture } = await decode(wide, [3, 64, 16], { crop: 'none' });
    expect(picture).toMatchObject({ width: 16, height: 64 });
  });

  test('a CMYK JPEG', async () => {
    const jpeg = await rawRgb(32, 32, quarters).toColourspace('cmyk').jpeg({ quality: 95 }).toBuffer();
    expect((await sharp(jpeg).metadata()).space).toBe('cmyk');
    const { values } = await decode(jpeg, [3, 32, 32]);
    close(corner(values, 28, 28), [128, 128, 128], 20);
    const [red = 0, green = 0, blue = 0] = corner(values, 4, 4);
    expect(red).toBeGreaterThan(Math.max(green, blue) + 100);
  });

  test('a colour profile is followed', async () => {
    const png = await rawRgb(32, 32, quarters).withIccProfile('p3').png().toBuffer();
    expect((await sharp(png).metadata()).hasProfile).toBe(true);
    const { values } = await decode(png, [3, 32, 32]);
    close(corner(values, 4, 4), [220, 30, 30], 6);
    close(corner(values, 4, 28), [20, 40, 210], 6);
  });

  test('a WebP', async () => {
    const webp = await rawRgb(32, 32, quarters).webp({ lossless: true }).toBuffer();
    const { values } = await decode(webp, [3, 32, 32]);
    expect(corner(values, 28, 4)).toEqual([30, 200, 40]);
  });

  test('the first frame of an animated WebP', async () => {
    const frames = await Promise.all([10, 240].map((gray) => rawRgb(8, 8, Array(192).fill(gray)).png().toBuffer()));
    const webp = await sharp(frames, { join: { animated: true } })
      .webp({ lossless: true })
      .toBuffer();
    expect((await sharp(webp).metadata()).pages).toBe(2);
    expect(new Set((await decode(webp, [1, 8, 8])).values)).toEqual(new Set([10]));
  });
});

describe('resizing', () => {
  /** Gray that grows from left to right: 0 .. 199 over 200 pixels, 100 high. */
  const ramp = writePng({
    width: 200,
    height: 100,
    bitDepth: 8,
    colourType: 0,
    samples: Uint8Array.from({ length: 20000 }, (_, i) => i % 200),
  });

  test('keeps the proportions and cuts the middle', async () => {
    const { values } = await decode(ramp, [1, 10, 10]);
    expect(values[0]).toBeGreaterThan(50);
    expect(values[9]).toBeLessThan(150);
    const steps = values.slice(1, 10).map((value, i) => value - (values[i] ?? 0));
    for (const step of steps) expect(Math.abs(step - 10)).toBeLessThanOrEqual(1);
  });

  test('or stretches', async () => {
    const { values } = await decode(ramp, [1, 10, 10], { fit: 'exact' });
    expect(values[0]).toBeLessThan(15);
    expect(values[9]).toBeGreaterThan(184);
  });

  test('resized first, cropped then', async () => {
    const { values } = await decode(ramp, [1, 10, 10], { resize: 100 });
    expect(values.slice(0, 10)).toEqual([95, 96, 97, 98, 99, 100, 101, 102, 103, 104]);
  });

  test('a resize that would blow the picture up is refused', async () => {
    const line = writePng({
      width: 65000,
      height: 1,
      bitDepth: 8,
      colourType: 0,
      samples: new Uint8Array(65000),
    });
    await expect(decode(line, [1, 224, 224])).rejects.toMatchObject({
      code: 'too-large',
      message: expect.stringContaining('65000×1 picture has 14560000×224 = 3261440000 pixels; allowed are 64000000'),
    });
  });
});
