/** Formats that are read. */
export type ReadableFormat = 'png' | 'jpeg' | 'webp';

/** What the first bytes of an upload say that it is. `received` completes "received ...". */
export type Sniffed =
  | { readonly readable: true; readonly format: ReadableFormat; readonly received: string }
  | { readonly readable: false; readonly received: string };

interface Signature {
  readonly at: number;
  readonly magic: string;
  readonly name: string;
  readonly format?: ReadableFormat;
}

/** First match wins; magic in Latin-1. */
const SIGNATURES: readonly Signature[] = [
  { at: 0, magic: '\x89PNG\r\n\x1a\n', name: 'a PNG image', format: 'png' },
  { at: 0, magic: '\xff\xd8\xff', name: 'a JPEG image', format: 'jpeg' },
  { at: 8, magic: 'WEBP', name: 'a WebP image', format: 'webp' },
  { at: 0, magic: 'GIF8', name: 'a GIF image' },
  { at: 0, magic: 'BM', name: 'a BMP image' },
  { at: 0, magic: 'II*\0', name: 'a TIFF image' },
  { at: 0, magic: 'MM\0*', name: 'a TIFF image' },
  { at: 4, magic: 'ftypavi', name: 'an AVIF image' },
  { at: 4, magic: 'ftyphei', name: 'a HEIF image' },
  { at: 4, magic: 'ftypmif1', name: 'a HEIF image' },
  { at: 4, magic: 'ftyp', name: 'an MP4 file' },
  { at: 0, magic: '\xff\x0a', name: 'a JPEG XL image' },
  { at: 4, magic: 'JXL ', name: 'a JPEG XL image' },
  { at: 4, magic: 'jP  ', name: 'a JPEG 2000 image' },
  { at: 0, magic: '8BPS', name: 'a Photoshop image' },
  { at: 0, magic: '\0\0\x01\0', name: 'an ICO image' },
  { at: 0, magic: '%PDF', name: 'a PDF document' },
  { at: 0, magic: 'PK\x03\x04', name: 'a ZIP archive' },
  { at: 0, magic: '\x1f\x8b', name: 'gzipped data' },
  { at: 0, magic: '\x93NUMPY', name: 'a NumPy array' },
];

/** Bytes that are looked at to tell text from binary data. */
const TEXT_PROBE = 1024;

/** Tells the type of an upload by its bytes alone; names and media types that a client sends are not trusted. */
export function sniff(bytes: Uint8Array): Sniffed {
  if (bytes.length === 0) return { readable: false, received: 'an empty file' };
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, TEXT_PROBE));
  const start = head.toString('latin1');
  const signature = SIGNATURES.find(({ at, magic }) => start.startsWith(magic, at));
  if (signature?.format) return { readable: true, format: signature.format, received: signature.name };
  if (signature) return { readable: false, received: signature.name };
  return { readable: false, received: isText(head) ? textKind(start, bytes) : `${count(bytes)} of unknown data` };
}

/** Whether the file ends before its own structure does; damage inside it is left to the decoder. */
export function isTruncated(format: ReadableFormat, bytes: Uint8Array): boolean {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (format === 'png') return !reachesEnd(view);
  if (format === 'webp') return view.length < 12 || view.readUInt32LE(4) + 8 > view.length;
  return view.lastIndexOf('\xff\xd9', undefined, 'latin1') < 0;
}

/** Walks the chunks of a PNG (length, type, data, checksum) to IEND. */
function reachesEnd(png: Buffer): boolean {
  for (let at = 8; at + 12 <= png.length; at += 12 + png.readUInt32BE(at)) {
    if (png.toString('latin1', at + 4, at + 8) === 'IEND') return true;
  }
  return false;
}

function isText(head: Buffer): boolean {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: true });
    return !/\p{Cc}/u.test(text.replace(/[\t\n\r\f]/g, ''));
  } catch {
    return false;
  }
}

function textKind(start: string, bytes: Uint8Array): string {
  if (/<svg[\s>]/i.test(start)) return 'an SVG image';
  if (/<(!doctype )?html/i.test(start)) return 'an HTML page';
  return `${count(bytes)} of text`;
}

function count(bytes: Uint8Array): string {
  return `${bytes.length} byte${bytes.length === 1 ? '' : 's'}`;
}
