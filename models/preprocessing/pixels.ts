import type { Colour, Preprocessing } from '../../schemas/preprocessing.ts';
import type { Shape } from '../tensors/tensor.ts';
import { centreWindow, imageSize, resizeSides } from './geometry.ts';
import { inGray, type Picture, type Pixels } from './picture.ts';

export type { Picture, Pixels } from './picture.ts';

/** A bound of an input: one number for all variables, one per channel, or one per variable ([C, H, W], row-major). */
export type Bound = number | readonly number[] | Float32Array;

/** Smallest and largest legal value of every input variable. */
export interface Box {
  readonly low: Bound;
  readonly high: Bound;
}

/** The order of the channels: as the manifest says, else gray for one channel and RGB for more. */
export function colourOf(preprocessing: Preprocessing, shape: Shape): Colour {
  return preprocessing.colour ?? (imageSize(shape).channels === 1 ? 'gray' : 'rgb');
}

/**
 * Pixels of the input's size to the values of the input, [C, H, W] float32: x = (q·scale − mean) / std with q = 255 − p
 * under `invert` and q = p otherwise. Gray is the luma (19595 R + 38470 G + 7471 B + 32768) >> 16 of ITU-R BT.601, in
 * whole numbers like everyone's; a gray picture fills all channels of a colour input.
 * @param meanImage values of the mean image when the manifest names a file, in scaled units, of the input's size or of
 *   the size before the crop, channels in the input's order.
 * @throws RangeError when the picture, the mean or std do not fit the shape.
 */
export function pixelsToValues(
  pixels: Pixels,
  preprocessing: Preprocessing,
  shape: Shape,
  meanImage?: Float32Array,
): Float32Array {
  const { channels, height, width } = imageSize(shape);
  if (pixels.width !== width || pixels.height !== height) {
    throw new RangeError(`the input is ${width}×${height} pixels, the picture ${pixels.width}×${pixels.height}`);
  }
  const plane = width * height;
  const values = new Float32Array(channels * plane);
  const means = meanOf(preprocessing, shape, meanImage);
  const colour = colourOf(preprocessing, shape);
  const scaled = Float64Array.from({ length: 256 }, (_, p) => scaledPixel(p, preprocessing));
  for (const [channel, std] of spread(preprocessing.std, channels, 'std').entries()) {
    const { data, first, step } = channelSamples(pixels, colour, channel);
    const own = values.subarray(channel * plane, (channel + 1) * plane);
    if (means instanceof Float32Array) {
      const mean = means.subarray(channel * plane, (channel + 1) * plane);
      for (let i = 0, from = first; i < plane; i++, from += step) {
        own[i] = ((scaled[data[from] ?? 0] ?? 0) - (mean[i] ?? 0)) / std;
      }
    } else {
      const mean = means[channel] ?? 0;
      const table = Float32Array.from(scaled, (q) => (q - mean) / std);
      for (let i = 0, from = first; i < plane; i++, from += step) own[i] = table[data[from] ?? 0] ?? 0;
    }
  }
  return values;
}

/**
 * The picture that a network's input shows, the inverse of `pixelsToValues`: p = (x·std + mean) / scale, inverted last,
 * rounded and held within 0..255. For drawing prototypes. Inputs of one channel are gray, of two or more than three gray by
 * the mean of their channels.
 * @param values [C, H, W]
 * @param meanImage as for `pixelsToValues`
 * @throws RangeError when the values, the mean or std do not fit the shape.
 */
export function valuesToPixels(
  values: Float32Array,
  preprocessing: Preprocessing,
  shape: Shape,
  meanImage?: Float32Array,
): Picture {
  const { channels, height, width } = imageSize(shape);
  const plane = width * height;
  if (values.length !== channels * plane) {
    throw new RangeError(`the input has ${channels * plane} values; received ${values.length}`);
  }
  const means = meanOf(preprocessing, shape, meanImage);
  const stds = spread(preprocessing.std, channels, 'std');
  const sampleAt = (channel: number, i: number): number => {
    const mean = (means instanceof Float32Array ? means[channel * plane + i] : means[channel]) ?? 0;
    const q = ((values[channel * plane + i] ?? 0) * (stds[channel] ?? 1) + mean) / preprocessing.scale;
    return preprocessing.invert ? 255 - q : q;
  };
  const order = shownChannels(colourOf(preprocessing, shape), channels);
  const data = new Uint8ClampedArray(3 * plane);
  for (let i = 0; i < plane; i++) {
    for (const [colour, shown] of order.entries()) {
      let sum = 0;
      for (const channel of shown) sum += sampleAt(channel, i);
      data[3 * i + colour] = sum / shown.length;
    }
  }
  return { width, height, channels: 3, data: new Uint8Array(data.buffer) };
}

/** The channels whose mean is red, green and blue. */
function shownChannels(colour: Colour, channels: number): readonly (readonly number[])[] {
  if (channels === 3 && colour === 'rgb') return [[0], [1], [2]];
  if (channels === 3 && colour === 'bgr') return [[2], [1], [0]];
  const all = Array.from({ length: channels }, (_, channel) => channel);
  return [all, all, all];
}

/**
 * The box of an input whose manifest states none: what the pixels 0 and 255 become, variable by variable. One number
 * when all channels agree, one per channel otherwise, one per variable under a mean image; all rounded to float32, so
 * that no picture ever leaves it.
 * @throws RangeError when mean or std do not fit the shape.
 */
export function boxOf(preprocessing: Preprocessing, shape: Shape, meanImage?: Float32Array): Box {
  const { channels, height, width } = imageSize(shape);
  const means = meanOf(preprocessing, shape, meanImage);
  const stds = spread(preprocessing.std, channels, 'std');
  const [dark, bright] = preprocessing.invert ? [255, 0] : [0, 255];
  const bound = (p: number): Bound => {
    if (means instanceof Float32Array) {
      const plane = width * height;
      return means.map((mean, i) => inputValue(p, preprocessing, mean, stds[Math.floor(i / plane)] ?? 1));
    }
    const values = means.map((mean, channel) => Math.fround(inputValue(p, preprocessing, mean, stds[channel] ?? 1)));
    return values.every((value) => value === values[0]) ? (values[0] ?? 0) : values;
  };
  return { low: bound(dark), high: bound(bright) };
}

/**
 * The mean that is subtracted: per channel, or per variable of the input. A mean image that has the size before the crop
 * is cut in its middle, as the picture is.
 */
function meanOf(
  preprocessing: Preprocessing,
  shape: Shape,
  meanImage?: Float32Array,
): readonly number[] | Float32Array {
  const { mean } = preprocessing;
  const input = imageSize(shape);
  const { channels } = input;
  if (typeof mean !== 'string') return spread(mean, channels, 'mean');
  const sides = resizeSides(preprocessing, shape);
  if (meanImage?.length === channels * input.height * input.width) return meanImage;
  if (meanImage?.length !== channels * sides.height * sides.width) {
    throw new RangeError(
      `the mean image ${mean} has ${meanImage?.length ?? 'no'} values; allowed: ${channels}×${input.height}×${input.width}, ` +
        `or ${channels}×${sides.height}×${sides.width} to be cropped`,
    );
  }
  const { left, top } = centreWindow(sides, input);
  const cut = new Float32Array(channels * input.height * input.width);
  for (let row = 0; row < channels * input.height; row++) {
    const channel = Math.floor(row / input.height);
    const start = (channel * sides.height + top + (row % input.height)) * sides.width + left;
    cut.set(meanImage.subarray(start, start + input.width), row * input.width);
  }
  return cut;
}

/** x = (q·scale − mean) / std, with q = 255 − p under `invert`. */
function inputValue(p: number, preprocessing: Preprocessing, mean: number, std: number): number {
  return (scaledPixel(p, preprocessing) - mean) / std;
}

/** q·scale. */
function scaledPixel(p: number, { invert, scale }: Preprocessing): number {
  return (invert ? 255 - p : p) * scale;
}

/** Where the samples of one channel of the input are: data[first + i·step] for pixel i. */
interface Samples {
  readonly data: Uint8Array;
  readonly first: number;
  readonly step: number;
}

function channelSamples(pixels: Pixels, colour: Colour, channel: number): Samples {
  if (colour === 'gray') return { data: inGray(pixels).data, first: 0, step: 1 };
  if (pixels.channels === 1) return { data: pixels.data, first: 0, step: 1 };
  return { data: pixels.data, first: colour === 'bgr' ? 2 - channel : channel, step: 3 };
}

/** A list with one entry for all channels, or one for each, as one for each. */
function spread(list: readonly number[], channels: number, name: string): readonly number[] {
  const [first] = list;
  if (list.length === channels) return list;
  if (list.length === 1 && first !== undefined) return new Array<number>(channels).fill(first);
  throw new RangeError(`${name} has ${list.length} entries for ${channels} channels; allowed: one, or one per channel`);
}
