import { preprocessingFaults } from '../../models/preprocessing/faults.ts';
import { fitPicture } from '../../models/preprocessing/geometry.ts';
import { inGray, type Picture, type Pixels } from '../../models/preprocessing/picture.ts';
import { boxOf, pixelsToValues, valuesToPixels } from '../../models/preprocessing/pixels.ts';
import { type PreprocessingSpec, preprocessingSchema } from '../../schemas/preprocessing.ts';

const parse = (spec: PreprocessingSpec) => preprocessingSchema.parse(spec);

/** All kinds of samples, 5 × 3. */
const colourful: Pixels = {
  width: 5,
  height: 3,
  channels: 3,
  data: Uint8Array.from({ length: 45 }, (_, i) => (i * 83 + (i % 7) * 29) % 256),
};

describe('pixels to values', () => {
  test.each<[string, PreprocessingSpec]>([
    ['the defaults', {}],
    [
      'Caffe’s (p − mean)·scale in BGR',
      { colour: 'bgr', scale: 0.017, mean: [103.94, 116.78, 123.68].map((m) => m * 0.017) },
    ],
    ['torchvision’s', { scale: 1 / 255, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] }],
    ['one number for all channels', { scale: 1 / 128, mean: [127 / 128], std: [2], invert: true }],
  ])('%s: x = (p·scale − mean) / std', (_, spec) => {
    const preprocessing = parse(spec);
    const values = pixelsToValues(colourful, preprocessing, [3, 3, 5]);
    const at = (list: unknown, c: number) => (Array.isArray(list) ? (list.length === 1 ? list[0] : list[c]) : 0);
    let index = 0;
    for (let c = 0; c < 3; c++) {
      const source = spec.colour === 'bgr' ? [2, 1, 0][c] : c;
      for (let y = 0; y < 3; y++) {
        for (let x = 0; x < 5; x++) {
          const sample = colourful.data[3 * (5 * y + x) + (source ?? 0)] ?? 0;
          const p = spec.invert ? 255 - sample : sample;
          const expected = (p * (spec.scale ?? 1) - at(spec.mean ?? [0], c)) / at(spec.std ?? [1], c);
          expect(values[index++]).toBe(Math.fround(expected));
        }
      }
    }
  });

  test('gray is the luma of BT.601, and leaves grays alone', () => {
    const values = pixelsToValues(colourful, parse({}), [1, 3, 5]);
    for (const [i, value] of values.entries()) {
      const [r = 0, g = 0, b = 0] = colourful.data.subarray(3 * i);
      expect(Math.abs(value - (0.299 * r + 0.587 * g + 0.114 * b))).toBeLessThanOrEqual(0.51);
    }
    const grays = Uint8Array.from({ length: 768 }, (_, i) => Math.floor(i / 3));
    expect(inGray({ width: 256, height: 1, channels: 3, data: grays }).data).toEqual(
      Uint8Array.from({ length: 256 }, (_, i) => i),
    );
  });

  test('a gray picture fills every channel of a colour input', () => {
    const gray: Pixels = { width: 2, height: 1, channels: 1, data: Uint8Array.of(7, 9) };
    expect(Array.from(pixelsToValues(gray, parse({}), [3, 1, 2]))).toEqual([7, 9, 7, 9, 7, 9]);
  });

  test('a mean image of the input’s size is subtracted variable by variable', () => {
    const mean = Float32Array.from({ length: 45 }, (_, i) => i / 3);
    const values = pixelsToValues(colourful, parse({ mean: 'mean.npy', scale: 0.5, std: [4] }), [3, 3, 5], mean);
    for (let c = 0; c < 3; c++) {
      for (let i = 0; i < 15; i++) {
        const expected = ((colourful.data[3 * i + c] ?? 0) * 0.5 - (mean[15 * c + i] ?? 0)) / 4;
        expect(values[15 * c + i]).toBe(Math.fround(expected));
      }
    }
  });

  test('a mean image of the resized size is subtracted before the crop: its middle counts', () => {
    const preprocessing = parse({ mean: 'mean.npy', resize: [8, 6] });
    const mean = Float32Array.from({ length: 3 * 6 * 8 }, (_, i) => i);
    const values = pixelsToValues(colourful, preprocessing, [3, 3, 5], mean);
    for (let c = 0; c < 3; c++) {
      for (let y = 0; y < 3; y++) {
        for (let x = 0; x < 5; x++) {
          const expected = (colourful.data[3 * (5 * y + x) + c] ?? 0) - (48 * c + 8 * (y + 1) + (x + 1));
          expect(values[15 * c + 5 * y + x]).toBe(expected);
        }
      }
    }
  });

  test('a picture or a mean that does not fit is refused', () => {
    expect(() => pixelsToValues(colourful, parse({}), [3, 5, 3])).toThrow('the input is 3×5 pixels, the picture 5×3');
    expect(() => boxOf(parse({ mean: [1, 2] }), [3, 3, 5])).toThrow('mean has 2 entries for 3 channels');
    expect(() => boxOf(parse({ mean: 'mean.npy' }), [3, 3, 5])).toThrow('the mean image mean.npy has no values');
    expect(() => boxOf(parse({ mean: 'mean.npy' }), [3, 3, 5], new Float32Array(44))).toThrow('has 44 values');
  });
});

describe('the box', () => {
  test('is one number when all channels agree', () => {
    expect(boxOf(parse({ scale: 0.5, mean: [10], std: [2] }), [3, 3, 5])).toEqual({ low: -5, high: 58.75 });
    expect(boxOf(parse({ scale: 1 / 256 }), [1, 28, 28])).toEqual({ low: 0, high: Math.fround(255 / 256) });
  });

  test('is one number per channel when they differ', () => {
    const box = boxOf(parse({ mean: [1, 2, 3] }), [3, 3, 5]);
    expect(box).toEqual({ low: [-1, -2, -3], high: [254, 253, 252] });
  });

  test('does not turn around when pixels are inverted', () => {
    expect(boxOf(parse({ invert: true }), [1, 2, 2])).toEqual({ low: 0, high: 255 });
  });

  test.each<PreprocessingSpec>([
    { scale: 1 / 255, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
    { mean: 'mean.npy', scale: 1 / 3, std: [0.7], invert: true },
  ])('is what black and white pixels become: %j', (spec) => {
    const preprocessing = parse(spec);
    const mean = Float32Array.from({ length: 45 }, (_, i) => Math.sin(i) * 80);
    const box = boxOf(preprocessing, [3, 3, 5], mean);
    const filled = (p: number) =>
      pixelsToValues({ ...colourful, data: new Uint8Array(45).fill(p) }, preprocessing, [3, 3, 5], mean);
    const spread = (bound: typeof box.low) =>
      Float32Array.from({ length: 45 }, (_, i) => {
        if (typeof bound === 'number') return bound;
        return (bound instanceof Float32Array ? bound[i] : bound[Math.floor(i / 15)]) ?? Number.NaN;
      });
    expect(spread(box.low)).toEqual(filled(spec.invert ? 255 : 0));
    expect(spread(box.high)).toEqual(filled(spec.invert ? 0 : 255));
  });
});

describe('how a picture is fitted', () => {
  const fitted = (width: number, height: number, spec: PreprocessingSpec, shape = [3, 224, 224]) =>
    fitPicture({ width, height }, parse(spec), shape);

  test('by its short side, then the middle', () => {
    expect(fitted(640, 480, { resize: 256 })).toEqual({
      resized: { width: 341, height: 256 },
      window: { left: 58, top: 16, width: 224, height: 224 },
    });
    expect(fitted(480, 640, { resize: 256 }).resized).toEqual({ width: 256, height: 341 });
  });

  test('stretched, then the middle', () => {
    expect(fitted(640, 480, { resize: 256, fit: 'exact' })).toEqual({
      resized: { width: 256, height: 256 },
      window: { left: 16, top: 16, width: 224, height: 224 },
    });
  });

  test('without a resize it covers the input', () => {
    expect(fitted(10, 20, {}, [1, 28, 28])).toEqual({
      resized: { width: 28, height: 56 },
      window: { left: 0, top: 14, width: 28, height: 28 },
    });
    expect(fitted(10, 20, { crop: 'none' }, [1, 28, 28]).resized).toEqual({ width: 28, height: 28 });
  });

  test('a pair of sides is covered, width first', () => {
    expect(fitted(100, 100, { resize: [320, 240] }).resized).toEqual({ width: 320, height: 320 });
    expect(fitted(100, 100, { resize: [320, 240], fit: 'exact' }).resized).toEqual({ width: 320, height: 240 });
  });
});

describe('the schema', () => {
  test('fills in the defaults', () => {
    expect(parse({})).toEqual({ crop: 'centre', filter: 'linear', scale: 1, mean: [0], std: [1], invert: false });
  });

  test.each([
    { std: [0] },
    { scale: 0 },
    { scale: Number.POSITIVE_INFINITY },
    { mean: [] },
    { mean: '../mean.npy' },
    { mean: '/etc/passwd' },
    { resize: 0 },
    { resize: [28] },
    { crop: 'center' },
    { crop: 'none', fit: 'short-side' },
    { color: 'rgb' },
  ])('refuses %j', (spec) => {
    expect(preprocessingSchema.safeParse(spec).success).toBe(false);
  });

  test.each<[PreprocessingSpec, number[], string]>([
    [{}, [10], 'preprocessing needs an image input [C, H, W], the shape is [10]'],
    [{ colour: 'gray' }, [3, 4, 4], 'colour gray needs 1 channels, the input has 3'],
    [{}, [2, 4, 4], 'colour rgb needs 3 channels, the input has 2'],
    [{ std: [1, 2] }, [3, 4, 4], 'std has 2 entries for 3 channels; allowed: one, or one per channel'],
    [{ resize: 3 }, [3, 4, 4], 'resize 3×3 is smaller than the input, 4×4'],
    [{ resize: 8, crop: 'none' }, [3, 4, 4], 'resize 8×8 without a crop does not give the input, 4×4'],
  ])('with a shape: %j and %j', (spec, shape, fault) => {
    expect(preprocessingFaults(parse(spec), shape)).toEqual([fault]);
  });

  test('finds no fault in what fits', () => {
    expect(preprocessingFaults(parse({ colour: 'bgr', resize: 256, mean: 'mean.npy' }), [3, 227, 227])).toEqual([]);
  });
});

describe('back to pixels', () => {
  test.each<PreprocessingSpec>([
    {},
    { scale: 1 / 255 },
    { scale: 1 / 255, invert: true },
    { mean: [104, 117, 123], std: [2, 3, 4], colour: 'bgr' },
    { scale: 1 / 128, mean: [0.99], colour: 'rgb' },
  ])('values of a picture become the picture: %j', (spec) => {
    const data = Uint8Array.from({ length: 18 }, (_, i) => i * 14);
    const picture: Picture = { width: 2, height: 3, channels: 3, data };
    const values = pixelsToValues(picture, parse(spec), [3, 3, 2]);
    expect(valuesToPixels(values, parse(spec), [3, 3, 2])).toEqual(picture);
  });

  test('one channel is gray', () => {
    const { data } = valuesToPixels(Float32Array.of(0.2, 0.4), parse({ scale: 1 / 255, invert: true }), [1, 1, 2]);
    expect([...data]).toEqual([204, 204, 204, 153, 153, 153]);
  });

  test('what lies beyond black and white is held there', () => {
    const preprocessing = parse({ scale: 1 / 255 });
    const { data } = valuesToPixels(Float32Array.of(-0.5, 1.5), preprocessing, [1, 1, 2]);
    expect([...data]).toEqual([0, 0, 0, 255, 255, 255]);
  });

  test('a mean image is added back', () => {
    const preprocessing = parse({ mean: 'mean.npy' });
    const { data } = valuesToPixels(Float32Array.of(-5, 5), preprocessing, [1, 1, 2], Float32Array.of(15, 20));
    expect([...data]).toEqual([10, 10, 10, 25, 25, 25]);
  });
});
