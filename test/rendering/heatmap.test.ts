import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import sharp from 'sharp';
import type { Picture } from '../../models/preprocessing/picture.ts';
import { arrayTensor } from '../../models/tensors/tensor.ts';
import { ElucidError } from '../../schemas/errors.ts';
import { PICTURE_FORMATS, type RenderRequest, renderSchema } from '../../schemas/render.ts';
import { colourAt } from '../../services/rendering/colormaps.ts';
import { drawHeatmap, type RenderContext, renderHeatmap } from '../../services/rendering/renderHeatmap.ts';

/** Relevance with every sign, [1, 1, 4, 6]: from −11 to 12. */
const signed = arrayTensor(
  [1, 1, 4, 6],
  Float32Array.from({ length: 24 }, (_, i) => i - 11),
);

/** A picture of the same size, in colour. */
const picture: Picture = {
  width: 6,
  height: 4,
  channels: 3,
  data: Uint8Array.from({ length: 72 }, (_, i) => (i * 37) % 256),
};

function draw(relevance: typeof signed, request: RenderRequest, context?: RenderContext): Picture {
  return drawHeatmap(relevance, renderSchema.parse(request), context);
}

function pixel({ width, data }: Picture, x: number, y: number): number[] {
  return Array.from(data.subarray(3 * (y * width + x), 3 * (y * width + x) + 3));
}

describe('a map', () => {
  test('has by default the smallest whole multiple that is at least 224 wide, every variable a square', () => {
    const map = draw(signed, {});
    expect([map.width, map.height]).toEqual([228, 152]);
    for (let i = 0; i < 24; i++) {
      const value = i - 11;
      const t = (Math.sign(value) * Math.round((Math.abs(value) / 12) * 255)) / 255;
      const [left, top] = [(i % 6) * 38, Math.floor(i / 6) * 38];
      for (const [x, y] of [
        [0, 0],
        [37, 0],
        [0, 37],
        [37, 37],
        [20, 11],
      ] as const) {
        expect(pixel(map, left + x, top + y)).toEqual([...colourAt('red-blue', t)]);
      }
    }
  });

  test.each([
    [{ size: 'input' }, 6, 4],
    [{ size: 60 }, 60, 40],
    [{ size: 16 }, 16, 11],
    [{ size: 2048 }, 2048, 1365],
  ] as const)('of size %j is %d × %d', (request, width, height) => {
    const map = draw(signed, request);
    expect([map.width, map.height]).toEqual([width, height]);
  });

  test('is red-blue when any relevance is negative and heat otherwise', () => {
    const positive = arrayTensor([1, 1, 4, 6], signed.data.map(Math.abs));
    expect(draw(signed, { size: 'input' })).toEqual(draw(signed, { size: 'input', colormap: 'red-blue' }));
    expect(draw(positive, { size: 'input' })).toEqual(draw(positive, { size: 'input', colormap: 'heat' }));
  });

  test('shows the sum over the channels', () => {
    const halves = Float32Array.from([...signed.data.map((v) => v / 2 + 1), ...signed.data.map((v) => v / 2 - 1)]);
    expect(draw(arrayTensor([1, 2, 4, 6], halves), { size: 'input' })).toEqual(draw(signed, { size: 'input' }));
  });

  test('does not depend on the unit of the relevance, and leaves the relevance as it is', () => {
    const before = signed.data.slice();
    const smaller = arrayTensor(
      signed.shape,
      signed.data.map((value) => value * 2 ** -40),
    );
    expect(draw(smaller, { size: 'input' })).toEqual(draw(signed, { size: 'input' }));
    expect(signed.data).toEqual(before);
  });

  test.each(['red-blue', 'heat', 'gray', 'viridis'] as const)('of zeros is the zero of %s everywhere', (colormap) => {
    for (const normalise of ['max-abs', 'percentile'] as const) {
      const map = draw(arrayTensor([1, 1, 4, 6], new Float32Array(24)), { colormap, normalise, size: 'input' });
      for (let x = 0; x < 6; x++) expect(pixel(map, x, 1)).toEqual([...colourAt(colormap, 0)]);
    }
  });

  test('by percentile is brighter than by the maximum', () => {
    const outlier = arrayTensor([1, 1, 10, 10], new Float32Array(100).fill(1));
    outlier.data[0] = 100;
    const options = { size: 'input', colormap: 'gray' } as const;
    expect(pixel(draw(outlier, options), 5, 5)).toEqual([3, 3, 3]);
    expect(pixel(draw(outlier, { ...options, normalise: 'percentile', percentile: 95 }), 5, 5)).toEqual([
      255, 255, 255,
    ]);
  });

  test('that is smooth has no violet between red and blue', () => {
    const edge = arrayTensor([1, 1, 1, 2], new Float32Array([-1, 1]));
    const map = draw(edge, { interpolation: 'cubic' });
    for (let x = 0; x < map.width; x++) {
      const [red = 0, green = 0, blue = 0] = pixel(map, x, 0);
      expect(green).toBe(Math.min(red, blue));
      expect(Math.max(red, blue)).toBe(255);
    }
  });
});

describe('vectors and signals are strips', () => {
  test.each([
    ['a vector', [1, 24]],
    ['a signal', [1, 1, 24]],
    ['an image one pixel high', [1, 1, 1, 24]],
  ] as const)('%s', (_, shape) => {
    const strip = draw(arrayTensor(shape, signed.data), {});
    expect([strip.width, strip.height]).toEqual([240, 30]);
    expect(pixel(strip, 0, 0)).toEqual(pixel(strip, 9, 29));
    expect(pixel(strip, 239, 15)).toEqual([255, 0, 0]);
  });
});

describe('a sheet', () => {
  const four = arrayTensor(
    [4, 1, 4, 6],
    Float32Array.from({ length: 96 }, (_, i) => ((i % 24) - 11) * (1 + i)),
  );

  test('places the maps in rows, each with its own scale and its label below', () => {
    const sheet = draw(four, { size: 'input' }, { titles: ['a', 'b', 'c', 'd'] });
    const map = draw(arrayTensor([1, 1, 4, 6], four.data.slice(72)), { size: 'input' });
    const [left, top] = [8, 8 + (4 + 4 + 8 + 8)];
    for (let y = 0; y < 4; y++) {
      for (let x = 0; x < 6; x++) expect(pixel(sheet, left + x, top + y)).toEqual(pixel(map, x, y));
    }
    expect([sheet.width, sheet.height]).toEqual([8 + 3 * 14, 8 + 2 * 24]);
    const label = Array.from({ length: 8 }, (_, y) => pixel(sheet, left + 4, top + 8 + y)[0]);
    expect(Math.min(...label.map(Number))).toBe(32);
  });

  test('is bounded: many maps become smaller', () => {
    const many = arrayTensor([900, 1, 4, 4], new Float32Array(900 * 16));
    const sheet = draw(many, { size: 2048 });
    expect(Math.max(sheet.width, sheet.height)).toBeLessThanOrEqual(4096);
    expect(Math.max(sheet.width, sheet.height)).toBeGreaterThan(3500);
  });

  test('of more maps than there are pixels is refused', () => {
    const absurd = arrayTensor([200_000, 1], new Float32Array(200_000));
    expect(() => draw(absurd, {})).toThrow(new ElucidError('invalid', 'a sheet of 200000 maps exceeds 4096 pixels'));
  });
});

describe('with the picture', () => {
  const luma = (x: number, y: number) => {
    const [red = 0, green = 0, blue = 0] = pixel(picture, x, y);
    return Math.round(0.299 * red + 0.587 * green + 0.114 * blue);
  };

  test('an overlay is α map + (1 − α) gray picture', () => {
    const map = draw(signed, { size: 'input' });
    const overlay = draw(signed, { size: 'input', mode: 'overlay', alpha: 0.25 }, { pictures: [picture] });
    for (let y = 0; y < 4; y++) {
      for (let x = 0; x < 6; x++) {
        const expected = pixel(map, x, y).map((sample) => 0.25 * sample + 0.75 * luma(x, y));
        for (const [c, sample] of pixel(overlay, x, y).entries()) {
          expect(Math.abs(sample - (expected[c] ?? 0))).toBeLessThanOrEqual(0.75 + 0.5);
        }
      }
    }
  });

  test('side by side are the picture in colour, then the map', () => {
    const both = draw(signed, { size: 'input', mode: 'side-by-side' }, { pictures: [picture] });
    const map = draw(signed, { size: 'input' });
    expect([both.width, both.height]).toEqual([6 + 8 + 6, 4]);
    expect(pixel(both, 5, 3)).toEqual(pixel(picture, 5, 3));
    expect(pixel(both, 14 + 5, 3)).toEqual(pixel(map, 5, 3));
  });

  test('coarse relevance of a hidden layer is enlarged to the picture', () => {
    const coarse = arrayTensor([1, 1, 2, 3], new Float32Array([1, 2, 3, -4, 5, -6]));
    const overlay = draw(coarse, { size: 'input', mode: 'overlay', alpha: 1 }, { pictures: [picture] });
    expect([overlay.width, overlay.height]).toEqual([6, 4]);
    expect(pixel(overlay, 5, 3)).toEqual([0, 0, 255]);
  });

  test.each(['overlay', 'side-by-side'] as const)('%s without one is refused', (mode) => {
    expect(() => draw(signed, { mode })).toThrow(`mode ${mode} needs a picture, and the input is none`);
    expect(() => draw(arrayTensor([1, 6], new Float32Array(6)), { mode }, { pictures: [picture] })).toThrow(
      `mode ${mode} needs relevance with a height and a width`,
    );
  });
});

describe('a colour bar', () => {
  test('runs from the strongest positive colour to the strongest negative one beside an unchanged map', () => {
    const map = draw(signed, {});
    const withBar = draw(signed, { colorbar: true });
    expect(withBar.height).toBe(map.height);
    for (const [x, y] of [
      [0, 0],
      [227, 151],
      [100, 70],
    ] as const)
      expect(pixel(withBar, x, y)).toEqual(pixel(map, x, y));
    const middle = map.width + 8 + 6;
    expect(pixel(withBar, middle, 1)).toEqual([255, 0, 0]);
    expect(pixel(withBar, middle, 150)).toEqual([0, 0, 255]);
    const centre = pixel(withBar, middle, 75);
    for (const sample of centre) expect(sample).toBeGreaterThan(250);
  });

  test('fits beside a picture of any size and any number', () => {
    for (const scale of [1e-30, 0.01, 12345.678, 3e30]) {
      const tensor = arrayTensor(
        signed.shape,
        signed.data.map((value) => value * scale),
      );
      for (const size of ['input', 16, 300] as const) {
        const bar = draw(tensor, { size, colorbar: true });
        expect(bar.data.length).toBe(3 * bar.width * bar.height);
      }
    }
  });
});

describe('files', () => {
  test.each(PICTURE_FORMATS)('%s decodes to the picture that was drawn', async (format) => {
    const options = renderSchema.parse({ format, size: 96 });
    const drawn = drawHeatmap(signed, options);
    const encoded = renderHeatmap(signed, options);
    expect(encoded.contentType).toBe(`image/${format}`);
    const file = await encoded.image.toBuffer();
    const { data, info } = await sharp(file).raw().toBuffer({ resolveWithObject: true });
    expect([info.width, info.height, info.channels]).toEqual([drawn.width, drawn.height, 3]);
    expect((await sharp(file).metadata()).format).toBe(format === 'avif' ? 'heif' : format);
    const worst = drawn.data.reduce((most, sample, i) => Math.max(most, Math.abs(sample - (data[i] ?? 0))), 0);
    expect(worst).toBeLessThanOrEqual({ png: 0, webp: 0, jpeg: 60, avif: 60 }[format]);
  });

  test('stream: piping gives the same bytes as taking all at once', async () => {
    const options = renderSchema.parse({});
    const chunks: Buffer[] = [];
    const sink = new Writable({
      write(chunk: Buffer, _, done) {
        chunks.push(chunk);
        done();
      },
    });
    await pipeline(renderHeatmap(signed, options).image, sink);
    expect(Buffer.concat(chunks).equals(await renderHeatmap(signed, options).image.toBuffer())).toBe(true);
  });
});
