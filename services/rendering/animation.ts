import sharp from 'sharp';
import type { Picture } from '../../models/preprocessing/picture.ts';

/** How long the last frame stays, as a multiple of the others. */
const REST = 12;

/**
 * Frames of one size as an animated WebP that repeats for ever, without loss; the last frame rests a while.
 * @param frameMs how long a frame is shown, in milliseconds
 * @throws RangeError when there are no frames, or they differ in size
 */
export async function encodeAnimation(frames: readonly Picture[], frameMs: number): Promise<Buffer> {
  const [first] = frames;
  if (first === undefined) throw new RangeError('an animation needs at least one frame');
  const { width, height, channels } = first;
  if (frames.some((frame) => frame.width !== width || frame.height !== height)) {
    throw new RangeError('the frames of an animation must have one size');
  }
  const strip = new Uint8Array(frames.length * first.data.length);
  for (const [index, frame] of frames.entries()) strip.set(frame.data, index * first.data.length);
  const delay = frames.map((_, index) => (index === frames.length - 1 ? REST * frameMs : frameMs));
  return sharp(strip, { raw: { width, height: height * frames.length, channels, pageHeight: height } })
    .webp({ lossless: true, effort: 0, loop: 0, delay })
    .toBuffer();
}
