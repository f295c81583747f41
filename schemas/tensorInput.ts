import { z } from 'zod';
import { base64Bytes } from './base64.ts';
import { received } from './issues.ts';

/** Largest rank that a client may send: a batch of inputs of rank four. */
const MAX_RANK = 5;

const BYTES_PER_VALUE = 4;

/** A tensor as a client wrote it: all values finite, as many as the shape says. */
export interface ClientTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

const shape = z
  .array(
    z
      .int()
      .min(1)
      .max(1 << 24),
  )
  .min(1)
  .max(MAX_RANK)
  .describe("The shape of the model's input, or [N, ...] for a batch of N");

const data = z.unknown().meta({
  description: 'The values in row-major order: a flat list of numbers, or base64 of little-endian float32.',
  anyOf: [
    { type: 'array', items: { type: 'number' } },
    { type: 'string', contentEncoding: 'base64' },
  ],
});

/** `input.tensor` of a request. */
export const tensorInputSchema = z
  .strictObject({ shape, data })
  .transform((tensor, context): ClientTensor => {
    const refuse = (path: PropertyKey[], message: string) => {
      context.issues.push({ code: 'custom', input: tensor, path, message });
      return z.NEVER;
    };
    const read = readValues(tensor.data);
    if (typeof read === 'string') return refuse(['data'], read);
    const size = tensor.shape.reduce((product, dimension) => product * dimension, 1);
    if (read.values.length !== size) {
      return refuse(
        ['data'],
        `must hold ${size} values for the shape [${tensor.shape}]; received ${read.values.length}`,
      );
    }
    const bad = read.values.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0) return refuse(['data', bad], `must be a finite float32 number${received(read.original(bad))}`);
    return { shape: tensor.shape, data: read.values };
  })
  .describe('A tensor');

interface ReadValues {
  readonly values: Float32Array;
  /** What the client wrote, for a message. */
  original(index: number): unknown;
}

/** The values, NaN where there is no number; or what is wrong with them as a whole. */
function readValues(source: unknown): ReadValues | string {
  if (Array.isArray(source)) {
    const values = new Float32Array(source.length);
    for (let i = 0; i < source.length; i++) values[i] = typeof source[i] === 'number' ? source[i] : Number.NaN;
    return { values, original: (index) => source[index] };
  }
  if (typeof source !== 'string') {
    if (source === undefined) return 'is required: a flat list of numbers, or base64 of little-endian float32';
    return `must be a flat list of numbers, or base64 of little-endian float32${received(source)}`;
  }
  const decoded = base64Bytes.safeParse(source);
  if (!decoded.success) return decoded.error.issues[0]?.message ?? 'must be base64';
  if (decoded.data.length % BYTES_PER_VALUE !== 0) {
    return `must be whole float32 values, a multiple of 4 bytes; received ${decoded.data.length} bytes`;
  }
  const values = littleEndianFloats(decoded.data);
  return { values, original: (index) => values[index] };
}

function littleEndianFloats(bytes: Buffer): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Float32Array.from({ length: bytes.length / BYTES_PER_VALUE }, (_, i) =>
    view.getFloat32(i * BYTES_PER_VALUE, true),
  );
}
