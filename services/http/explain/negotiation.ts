import { PICTURE_FORMATS, type PictureFormat } from '../../../schemas/render.ts';
import { acceptedType } from '../../answers/acceptedType.ts';

/** The representations of an explanation; the first one is the default. */
export const EXPLANATION_TYPES = [
  'application/json',
  'image/png',
  'image/webp',
  'image/avif',
  'image/jpeg',
  'application/x-npy',
  'multipart/mixed',
] as const;

export type ExplanationType = (typeof EXPLANATION_TYPES)[number];

/** The format of a picture by its media type. */
const PICTURE_TYPES = new Map<ExplanationType, PictureFormat>(
  PICTURE_FORMATS.map((format) => [`image/${format}`, format]),
);

/**
 * The representation that a client wants most.
 * @param format what `image/*` stands for
 * @throws ElucidError `not-acceptable` that names all there are
 */
export function negotiate(accept: string | undefined, format: PictureFormat): ExplanationType {
  const preferred: ExplanationType = `image/${format}`;
  const [json, ...others] = EXPLANATION_TYPES;
  return acceptedType(accept, [json, preferred, ...others.filter((type) => type !== preferred)]);
}

/** The format of the picture that a representation is, or null where it is none. */
export function pictureFormatOf(type: ExplanationType): PictureFormat | null {
  return PICTURE_TYPES.get(type) ?? null;
}
