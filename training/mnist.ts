import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** Side of an MNIST picture, in pixels. */
export const SIDE = 28;
/** Pixels of an MNIST picture. */
export const PIXELS = SIDE * SIDE;
/** Number of classes, the digits 0 … 9. */
export const CLASSES = 10;

/** Pictures as bytes 0 … 255 (white digit on black), one after another, and their digits. */
export interface Digits {
  readonly count: number;
  readonly pixels: Uint8Array;
  readonly labels: Uint8Array;
}

/** An idx file: the shape and its bytes. */
export interface Idx {
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/**
 * Decodes a gzipped idx file of unsigned bytes (the format of the MNIST files).
 * @throws Error when it is not one, or shorter or longer than its header says
 */
export function decodeIdx(gzipped: Uint8Array, name = 'idx file'): Idx {
  const bytes = gunzipSync(gzipped);
  const rank = bytes[3] ?? 0;
  if (bytes.length < 4 || bytes.readUInt16BE(0) !== 0 || bytes[2] !== 0x08 || bytes.length < 4 + 4 * rank) {
    throw new Error(`${name}: not an idx file of unsigned bytes`);
  }
  const shape = Array.from({ length: rank }, (_, axis) => bytes.readUInt32BE(4 + 4 * axis));
  const data = bytes.subarray(4 + 4 * rank);
  const expected = shape.reduce((product, size) => product * size, 1);
  if (data.length !== expected) {
    throw new Error(`${name}: the header [${shape}] promises ${expected} bytes, the file holds ${data.length}`);
  }
  return { shape, data };
}

/** Reads one half of MNIST from a folder of its four gzipped idx files. */
export async function readDigits(folder: string, part: 'train' | 't10k'): Promise<Digits> {
  const images = await readIdx(join(folder, `${part}-images-idx3-ubyte.gz`));
  const labels = await readIdx(join(folder, `${part}-labels-idx1-ubyte.gz`));
  const [count = 0, height, width] = images.shape;
  if (height !== SIDE || width !== SIDE || labels.shape[0] !== count) {
    throw new Error(`${folder}: pictures [${images.shape}] and labels [${labels.shape}] are not MNIST's`);
  }
  return { count, pixels: images.data, labels: labels.data };
}

async function readIdx(path: string): Promise<Idx> {
  return decodeIdx(await readFile(path), path);
}
