import sharp, { type Sharp } from 'sharp';
import type { Picture } from '../../models/preprocessing/picture.ts';
import type { PictureFormat } from '../../schemas/render.ts';

// Requests run side by side, each picture on one thread, which is also the fastest for small ones; none comes twice.
sharp.concurrency(1);
sharp.cache(false);

/** How each format is written: fast before small, and without loss or smeared colours where the format can. */
const ENCODERS: Readonly<Record<PictureFormat, { contentType: string; encode: (image: Sharp) => Sharp }>> = {
  png: { contentType: 'image/png', encode: (image) => image.png({ compressionLevel: 1 }) },
  webp: { contentType: 'image/webp', encode: (image) => image.webp({ lossless: true, effort: 0 }) },
  jpeg: { contentType: 'image/jpeg', encode: (image) => image.jpeg({ quality: 90, chromaSubsampling: '4:4:4' }) },
  avif: {
    contentType: 'image/avif',
    encode: (image) => image.avif({ quality: 70, effort: 0, chromaSubsampling: '4:4:4' }),
  },
};

/** A picture on its way out: pipe `image`, or take all of it with `image.toBuffer()`. */
export interface EncodedPicture {
  readonly image: Sharp;
  readonly contentType: string;
  readonly width: number;
  readonly height: number;
}

/** Starts no work by itself: the picture is encoded as the stream is read. */
export function encodePicture(picture: Picture, format: PictureFormat): EncodedPicture {
  const { width, height, channels, data } = picture;
  const { contentType, encode } = ENCODERS[format];
  return { image: encode(sharp(data, { raw: { width, height, channels } })), contentType, width, height };
}
