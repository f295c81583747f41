import type { Picture } from '../../models/preprocessing/picture.ts';
import { type Interpolation, resample, sourceOf } from './resample.ts';

/** A picture in another size: its channels as planes through `resample`, or its pixels repeated where that is the same. */
export function resizePicture(picture: Picture, width: number, height: number, interpolation: Interpolation): Picture {
  if (isRepetition(picture, width, height, interpolation)) return repeatPixels(picture, width, height);
  const data = new Uint8ClampedArray(3 * width * height);
  const samples = new Float32Array(picture.width * picture.height);
  for (let channel = 0; channel < 3; channel++) {
    for (let i = 0; i < samples.length; i++) samples[i] = picture.data[3 * i + channel] ?? 0;
    const plane = resample({ ...picture, data: samples }, width, height, interpolation);
    for (let i = 0; i < plane.data.length; i++) data[3 * i + channel] = plane.data[i] ?? 0;
  }
  return { width, height, channels: 3, data: new Uint8Array(data.buffer) };
}

/** Whether resampling only repeats pixels, so that it may come after the colouring as well as before. */
export function isRepetition(
  from: { readonly width: number; readonly height: number },
  width: number,
  height: number,
  interpolation: Interpolation,
): boolean {
  return interpolation === 'nearest' && width >= from.width && height >= from.height;
}

/** `resample` with `nearest`, on pixels; rows that repeat are copied whole. */
export function repeatPixels(picture: Picture, width: number, height: number): Picture {
  if (picture.width === width && picture.height === height) return picture;
  const data = new Uint8Array(3 * width * height);
  const sources = Int32Array.from({ length: width }, (_, x) => 3 * sourceOf(x, picture.width, width));
  let drawn = -1;
  for (let y = 0; y < height; y++) {
    const source = sourceOf(y, picture.height, height);
    const start = 3 * y * width;
    if (source === drawn) {
      data.copyWithin(start, start - 3 * width, start);
      continue;
    }
    drawn = source;
    const row = 3 * source * picture.width;
    for (let x = 0, to = start; x < width; x++, to += 3) {
      const at = row + (sources[x] ?? 0);
      data[to] = picture.data[at] ?? 0;
      data[to + 1] = picture.data[at + 1] ?? 0;
      data[to + 2] = picture.data[at + 2] ?? 0;
    }
  }
  return { width, height, channels: 3, data };
}
