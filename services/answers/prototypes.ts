import { encodeNpy } from '../../models/tensors/npy.ts';
import type { PrototypeRequest } from '../../schemas/prototype.ts';
import type { PrototypesAnswer } from '../../schemas/prototypes.ts';
import type { PictureFormat } from '../../schemas/render.ts';
import type { StoredPrototypes } from '../jobs/prototype/outcome.ts';
import { titleOf } from '../jobs/prototype/preview.ts';
import { encodeAnimation, frameSide } from '../rendering/animation.ts';
import { encodePicture } from '../rendering/encode.ts';
import { drawPictureSheet } from '../rendering/pictureSheet.ts';

type Render = PrototypeRequest['render'];

/** Milliseconds that a frame of an animation is shown. */
const FRAME_MS = 80;

/** The JSON answer. */
export async function prototypesBody(
  id: string,
  stored: StoredPrototypes,
  { include, render }: Pick<PrototypeRequest, 'include' | 'render'>,
): Promise<PrototypesAnswer> {
  const { model, engine, options, rows, pictures, computeMs } = stored;
  const images = await Promise.all(pictures.map((_, n) => prototypeImage(stored, n)));
  const prototypes = rows.map(({ trajectory, ...row }, n) => ({
    ...row,
    terms: { ...row.terms },
    image: (images[n] ?? Buffer.alloc(0)).toString('base64'),
    ...(include.includes('tensor') ? { tensor: prototypeTensor(stored, n) } : {}),
    ...(include.includes('trajectory') ? { trajectory: [...trajectory] } : {}),
  }));
  const animation = (await prototypesAnimation(stored, render))?.toString('base64');
  const { variant } = options;
  return {
    id,
    model,
    engine,
    variant,
    options: { ...options },
    prototypes: prototypes as PrototypesAnswer['prototypes'],
    ...(animation === undefined ? {} : { animation }),
    timing_ms: { compute: Math.round(computeMs * 1000) / 1000 },
  };
}

/** The n-th prototype as a PNG of its own size; empty where there is none. */
export async function prototypeImage({ pictures }: StoredPrototypes, n: number): Promise<Buffer> {
  const picture = pictures[n];
  return picture === undefined ? Buffer.alloc(0) : encodePicture(picture, 'png').image.toBuffer();
}

/** The values of the n-th prototype as base64 of little-endian float32. */
export function prototypeTensor({ rows, values }: StoredPrototypes, n: number): { shape: number[]; data: string } {
  const size = values.data.length / rows.length;
  return { shape: values.shape.slice(1), data: base64(values.data.subarray(n * size, (n + 1) * size)) };
}

/** The search as an animated WebP; null where its frames were not kept. */
export async function prototypesAnimation(stored: StoredPrototypes, render: Render): Promise<Buffer | null> {
  return stored.frames.length > 0 ? animationOf(stored, render) : null;
}

/** One prototype, or a labelled sheet of several; as WebP the whole search, if its frames were kept. */
export async function prototypesPicture(
  stored: StoredPrototypes,
  render: Render,
  format: PictureFormat,
): Promise<Buffer> {
  if (format === 'webp' && stored.frames.length > 0) return animationOf(stored, render);
  return encodePicture(sheetOf(stored, stored.pictures, render), format).image.toBuffer();
}

/** All prototypes as a .npy file [prototypes, ...input shape]. */
export function prototypesNpy({ values }: StoredPrototypes): Buffer {
  const file = encodeNpy(values);
  return Buffer.from(file.buffer, file.byteOffset, file.byteLength);
}

/** Frames of the asked size, or of the largest one of which all frames fit. */
function animationOf(stored: StoredPrototypes, render: Render): Promise<Buffer> {
  const maxSide = frameSide(stored.frames.length);
  const frames = stored.frames.map(
    ({ pictures }) =>
      () =>
        sheetOf(stored, pictures, render, maxSide),
  );
  return encodeAnimation(frames, FRAME_MS);
}

function sheetOf(
  { rows }: StoredPrototypes,
  pictures: StoredPrototypes['pictures'],
  { size, interpolation }: Render,
  maxSide?: number,
) {
  const titles = rows.map(({ target }) => titleOf(target));
  return drawPictureSheet(pictures, { size, interpolation, titles, maxSide });
}

/** Little-endian, as every machine that the engines run on is. */
function base64({ buffer, byteOffset, byteLength }: Float32Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('base64');
}
