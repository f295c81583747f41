import { setImmediate } from 'node:timers/promises';
import sharp from 'sharp';
import type { Picture } from '../../models/preprocessing/picture.ts';

/** How long the last frame stays, as a multiple of the others. */
const REST = 12;

/** Most pixels of all frames of an animation together: all of them are in memory at once. */
const MAX_PIXELS = 2 ** 25;

/** Longest side of square frames, if there are so many of them. */
export function frameSide(frames: number): number {
  return Math.floor(Math.sqrt(MAX_PIXELS / Math.max(1, frames)));
}

/**
 * Frames of one size as an animated WebP that repeats for ever, without loss; the last frame rests a while.
 * @param frames draw one frame each; others have their turn between two of them
 * @param frameMs how long a frame is shown, in milliseconds
 * @throws RangeError when there are no frames, or they differ in size
 */
export async function encodeAnimation(frames: readonly (() => Picture)[], frameMs: number): Promise<Buffer> {
  const first = frames[0]?.();
  if (first === undefined) throw new RangeError('an animation needs at least one frame');
  const { width, height, channels } = first;
  const strip = new Uint8Array(frames.length * first.data.length);
  for (const [index, draw] of frames.entries()) {
    const frame = index === 0 ? first : draw();
    if (frame.width !== width || frame.height !== height) {
      throw new RangeError('the frames of an animation must have one size');
    }
    strip.set(frame.data, index * first.data.length);
    await setImmediate();
  }
  const delay = frames.map((_, index) => (index === frames.length - 1 ? REST * frameMs : frameMs));
  return sharp(strip, { raw: { width, height: height * frames.length, channels, pageHeight: height } })
    .webp({ lossless: true, effort: 0, loop: 0, delay })
    .toBuffer();
}
