import { ElucidError } from '../../schemas/errors.ts';
import { isTruncated, type ReadableFormat, sniff } from './sniff.ts';

export const FORMAT_NAMES: Readonly<Record<ReadableFormat, string>> = { png: 'PNG', jpeg: 'JPEG', webp: 'WebP' };
const ALLOWED = 'PNG, JPEG and WebP are read';

/**
 * The format of a picture, by its bytes; nothing is decoded.
 * @throws ElucidError `unsupported-image` for bytes that are empty, truncated or of a foreign format
 */
export function readableFormat(bytes: Uint8Array): ReadableFormat {
  const sniffed = sniff(bytes);
  if (!sniffed.readable) throw unsupported(sniffed.received);
  if (isTruncated(sniffed.format, bytes)) {
    throw unsupported(`a truncated ${FORMAT_NAMES[sniffed.format]} (${bytes.length} bytes)`);
  }
  return sniffed.format;
}

export function unsupported(received: string): ElucidError {
  return new ElucidError('unsupported-image', `the image cannot be read: received ${received}; ${ALLOWED}`);
}
