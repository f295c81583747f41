import type { Preprocessing } from '../../schemas/preprocessing.ts';
import type { Shape } from '../tensors/tensor.ts';

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** The sizes of an image input [C, H, W]. */
export interface ImageSize extends Size {
  readonly channels: number;
}

/** A window of a picture, in pixels from its upper left corner. */
export interface Window extends Size {
  readonly left: number;
  readonly top: number;
}

/** How a picture is brought to the input's size: first resized, then cut. */
export interface Fitting {
  readonly resized: Size;
  readonly window: Window;
}

/**
 * The sizes of an image input.
 * @throws RangeError when the shape is not [C, H, W].
 */
export function imageSize(shape: Shape): ImageSize {
  const [channels, height, width] = shape;
  if (shape.length !== 3 || channels === undefined || height === undefined || width === undefined) {
    throw new RangeError(`an image input has the shape [C, H, W], got [${shape.join(', ')}]`);
  }
  return { channels, height, width };
}

/** The sides that a picture has to cover (short-side) or take (exact) before the crop. */
export function resizeSides(preprocessing: Preprocessing, shape: Shape): Size {
  const input = imageSize(shape);
  const { resize = [input.width, input.height] as const } = preprocessing;
  const [width, height] = typeof resize === 'number' ? [resize, resize] : resize;
  return { width, height };
}

/** Whether pictures are stretched to the sides rather than scaled with their proportions. */
export function isStretched(preprocessing: Preprocessing): boolean {
  return (preprocessing.fit ?? (preprocessing.crop === 'none' ? 'exact' : 'short-side')) === 'exact';
}

/** The window of the input's size in the middle of a larger one; an odd pixel goes to the right and below. */
export function centreWindow(outer: Size, inner: Size): Window {
  return {
    left: Math.floor((outer.width - inner.width) / 2),
    top: Math.floor((outer.height - inner.height) / 2),
    width: inner.width,
    height: inner.height,
  };
}

/**
 * How a picture of the given (upright) size becomes the input: the size that it is resized to, and the window cut out
 * of that. Keeping the proportions, the factor is the smallest that covers both sides; for one number n that makes the
 * short side n pixels long.
 */
export function fitPicture(picture: Size, preprocessing: Preprocessing, shape: Shape): Fitting {
  const sides = resizeSides(preprocessing, shape);
  const factor = Math.max(sides.width / picture.width, sides.height / picture.height);
  const resized = isStretched(preprocessing)
    ? sides
    : {
        width: Math.max(sides.width, Math.round(picture.width * factor)),
        height: Math.max(sides.height, Math.round(picture.height * factor)),
      };
  return { resized, window: centreWindow(resized, imageSize(shape)) };
}
