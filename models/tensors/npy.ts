import { type ArrayTensor, arrayTensor, type Shape, sizeOf } from './tensor.ts';

/** Bytes are no .npy file of float32 or float64 in C order. */
export class NpyError extends Error {
  readonly code = 'npy';
}

const MAGIC = '\x93NUMPY';
const HEADER_UNIT = 64;
const MAX_RANK = 32;

const READERS: Readonly<Record<string, (view: DataView, values: Float32Array) => void>> = {
  '<f4': (view, values) => fill(values, (index) => view.getFloat32(4 * index, true)),
  '>f4': (view, values) => fill(values, (index) => view.getFloat32(4 * index, false)),
  '<f8': (view, values) => fill(values, (index) => view.getFloat64(8 * index, true)),
  '>f8': (view, values) => fill(values, (index) => view.getFloat64(8 * index, false)),
};

/**
 * Reads a numpy .npy file (format 1, 2 or 3) of float32 or float64, in C order, as float32.
 * @throws NpyError
 */
export function decodeNpy(bytes: Uint8Array): ArrayTensor {
  const { header, end } = readHeader(bytes);
  const type = /'descr':\s*'([^']{1,16})'/.exec(header)?.[1] ?? '';
  const read = Object.hasOwn(READERS, type) ? READERS[type] : undefined;
  if (read === undefined)
    throw new NpyError(`the type is ${type || 'not stated'}; allowed: ${Object.keys(READERS).join(', ')}`);
  if (!/'fortran_order':\s*False/.test(header)) throw new NpyError('the array is not in C order');
  const shape = readShape(header);
  const expected = sizeOf(shape) * (type.endsWith('8') ? 8 : 4);
  if (bytes.byteLength - end !== expected) {
    throw new NpyError(
      `${bytes.byteLength - end} bytes of values for the shape [${shape.join(', ')}], expected ${expected}`,
    );
  }
  const values = new Float32Array(sizeOf(shape));
  read(new DataView(bytes.buffer, bytes.byteOffset + end), values);
  return arrayTensor(shape, values);
}

/** A tensor as the bytes of a .npy file (format 1, little-endian float32). */
export function encodeNpy({ shape, data }: ArrayTensor): Uint8Array {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const dictionary = `{'descr': '<f4', 'fortran_order': False, 'shape': ${tuple}, }`;
  const start = MAGIC.length + 4;
  const total = Math.ceil((start + dictionary.length + 1) / HEADER_UNIT) * HEADER_UNIT;
  const bytes = new Uint8Array(total + data.byteLength);
  const header = `${dictionary.padEnd(total - start - 1)}\n`;
  bytes.set(Buffer.from(MAGIC, 'latin1'));
  bytes.set([1, 0, header.length & 255, header.length >> 8], MAGIC.length);
  bytes.set(Buffer.from(header, 'latin1'), start);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), total);
  return bytes;
}

/** The dictionary that describes the array, and where it ends. */
function readHeader(bytes: Uint8Array): { header: string; end: number } {
  if (bytes.length < 12 || text(bytes.subarray(0, MAGIC.length)) !== MAGIC) throw new NpyError('not a .npy file');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = bytes[MAGIC.length] ?? 0;
  if (version < 1 || version > 3) throw new NpyError(`.npy format ${version} is not known`);
  const start = version === 1 ? 10 : 12;
  const end = start + (version === 1 ? view.getUint16(8, true) : view.getUint32(8, true));
  if (end > bytes.length) throw new NpyError('the header is cut short');
  return { header: text(bytes.subarray(start, Math.min(end, start + 0xffff))), end };
}

function readShape(header: string): Shape {
  const inside = /'shape':\s*\(([\d, ]*)\)/.exec(header)?.[1];
  if (inside === undefined) throw new NpyError('the header states no shape');
  const shape = inside
    .split(',')
    .map((side) => side.trim())
    .filter((side) => side !== '')
    .map(Number);
  if (shape.length > MAX_RANK || !Number.isSafeInteger(sizeOf(shape))) throw new NpyError('the shape is too large');
  return shape;
}

function fill(values: Float32Array, at: (index: number) => number): void {
  for (let index = 0; index < values.length; index += 1) values[index] = at(index);
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
