import sharp, { type Metadata, type Sharp } from 'sharp';
import { type Fitting, fitPicture, type Size } from '../../models/preprocessing/geometry.ts';
import { inGray, type Pixels } from '../../models/preprocessing/picture.ts';
import { colourOf } from '../../models/preprocessing/pixels.ts';
import type { Shape } from '../../models/tensors/tensor.ts';
import { ElucidError } from '../../schemas/errors.ts';
import type { Preprocessing } from '../../schemas/preprocessing.ts';
import { FORMAT_NAMES as NAMES, readableFormat, unsupported } from './readableFormat.ts';
import type { ReadableFormat } from './sniff.ts';

/** What a network wants to see. */
export interface ImageInput {
  /** [C, H, W]. */
  readonly shape: Shape;
  readonly preprocessing: Preprocessing;
}

export interface DecodeLimits {
  /** Most pixels that an upload may have, and that it may be resized to. */
  readonly maxPixels: number;
}

/** Longest that one picture may take; far above any honest one, below what a forged one can ask for. */
const DECODE_SECONDS = 10;

/**
 * Bytes of a picture to what a network sees of it, as its manifest says: pixels of the input's size, which
 * `pixelsToValues` turns into values. The format comes from the bytes; of an animation the first frame is taken; the
 * picture is turned upright (EXIF), converted to sRGB with 8 bits, put on white where it is transparent, resized with the
 * manifest's filter, cropped, and turned gray where the network sees no colours.
 * @throws ElucidError `unsupported-image` (empty, truncated, damaged, of a foreign format) or `too-large` (pixels).
 */
export async function decodeImage(bytes: Uint8Array, input: ImageInput, limits: DecodeLimits): Promise<Pixels> {
  const format = readableFormat(bytes);
  const metadata = await readHeader(bytes, format);
  const upright = metadata.autoOrient;
  refuseTooLarge(upright, limits, (size) => `the ${NAMES[format]} has ${size}`);
  const fitting = fitPicture(upright, input.preprocessing, input.shape);
  refuseTooLarge(
    fitting.resized,
    limits,
    (size) => `resized for the model, the ${describe(upright)} picture has ${size}`,
  );
  const decoded = await readPixels(bytes, format, metadata, { ...fitting, filter: input.preprocessing.filter }, limits);
  return colourOf(input.preprocessing, input.shape) === 'gray' ? inGray(decoded) : decoded;
}

/** Sizes and colour space from the header alone: no pixel is decoded, so the size is checked before memory is taken. */
async function readHeader(bytes: Uint8Array, format: ReadableFormat): Promise<Metadata> {
  return await sharp(bytes, { failOn: 'warning', limitInputPixels: false })
    .metadata()
    .catch((error: unknown) => {
      throw damaged(format, error);
    });
}

async function readPixels(
  bytes: Uint8Array,
  format: ReadableFormat,
  metadata: Metadata,
  fitting: FilteredFitting,
  { maxPixels }: DecodeLimits,
): Promise<Pixels> {
  const source = sharp(bytes, { failOn: 'warning', limitInputPixels: maxPixels, sequentialRead: true });
  const { data, info } = await fitted(source, metadata, fitting)
    .toColourspace(metadata.space === 'b-w' ? 'b-w' : 'srgb')
    .timeout({ seconds: DECODE_SECONDS })
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
    .catch((error: unknown) => {
      throw damaged(format, error);
    });
  const { width, height, channels } = info;
  if (channels !== 1 && channels !== 3) throw unsupported(`a ${NAMES[format]} with ${channels} channels`);
  return { width, height, channels, data: new Uint8Array(data.buffer, data.byteOffset, data.length) };
}

interface FilteredFitting extends Fitting {
  readonly filter: Preprocessing['filter'];
}

/** The steps that a picture needs; a small one of the right size needs none of them. */
function fitted(source: Sharp, metadata: Metadata, { resized, window, filter }: FilteredFitting): Sharp {
  const { width, height } = metadata.autoOrient;
  let image = metadata.orientation === undefined ? source : source.autoOrient();
  if (metadata.hasAlpha) image = image.flatten({ background: '#ffffff' });
  if (resized.width !== width || resized.height !== height) {
    image = image.resize(resized.width, resized.height, { fit: 'fill', kernel: filter });
  }
  return window.width === resized.width && window.height === resized.height ? image : image.extract(window);
}

function refuseTooLarge(size: Size, { maxPixels }: DecodeLimits, sentence: (size: string) => string): void {
  const pixels = size.width * size.height;
  if (pixels <= maxPixels) return;
  throw new ElucidError('too-large', `${sentence(`${describe(size)} = ${pixels} pixels`)}; allowed are ${maxPixels}`);
}

function describe({ width, height }: Size): string {
  return `${width}×${height}`;
}

/** An error of the decoder, without the names of its functions, which mean nothing to a client. */
function damaged(format: ReadableFormat, error: unknown): ElucidError {
  const reason = error instanceof Error ? error.message : '';
  if (/timeout/i.test(reason)) {
    return new ElucidError('too-large', `the ${NAMES[format]} takes more than ${DECODE_SECONDS} s to decode`);
  }
  return unsupported(`a truncated or damaged ${NAMES[format]}`);
}
