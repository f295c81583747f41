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
  const { model, engine, options, rows, values, pictures, computeMs } = stored;
  const size = values.data.length / rows.length;
  const images = await Promise.all(pictures.map((picture) => encodePicture(picture, 'png').image.toBuffer()));
  const prototypes = rows.map(({ trajectory, ...row }, n) => {
    const own = values.data.subarray(n * size, (n + 1) * size);
    return {
      ...row,
      terms: { ...row.terms },
      image: (images[n] ?? Buffer.alloc(0)).toString('base64'),
      ...(include.includes('tensor') ? { tensor: { shape: values.shape.slice(1), data: base64(own) } } : {}),
      ...(include.includes('trajectory') ? { trajectory: [...trajectory] } : {}),
    };
  });
  const animation = stored.frames.length > 0 ? (await animationOf(stored, render)).toString('base64') : undefined;
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
