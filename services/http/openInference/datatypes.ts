import { faultAt } from '../../../schemas/errors.ts';
import type { Datatype } from '../../../schemas/openInference.ts';
import { type ElementType, FLOAT } from '../serving/nestedArrays.ts';
import { fromBfloat16, fromFloat16 } from './halfFloats.ts';

/** How elements of a datatype are written, in JSON and in binary. */
export interface DatatypeCodec extends ElementType {
  readonly bytes: number;
  /** One element, little-endian. */
  decode(view: DataView, offset: number): number;
}

const LARGEST_FLOAT16 = 65504;

/** All numeric datatypes of the protocol. Values become float32, which the networks compute with. */
export const DATATYPES: Readonly<Record<Datatype, DatatypeCodec>> = {
  BOOL: {
    expected: 'true or false',
    read: (element) => (typeof element === 'boolean' ? Number(element) : Number.NaN),
    bytes: 1,
    decode: (view, offset) => (view.getUint8(offset) <= 1 ? view.getUint8(offset) : Number.NaN),
  },
  UINT8: { ...whole(0, 2 ** 8), bytes: 1, decode: (view, offset) => view.getUint8(offset) },
  UINT16: { ...whole(0, 2 ** 16), bytes: 2, decode: (view, offset) => view.getUint16(offset, true) },
  UINT32: { ...whole(0, 2 ** 32), bytes: 4, decode: (view, offset) => view.getUint32(offset, true) },
  UINT64: { ...whole(0, 2 ** 64), bytes: 8, decode: (view, offset) => Number(view.getBigUint64(offset, true)) },
  INT8: { ...whole(-(2 ** 7), 2 ** 7), bytes: 1, decode: (view, offset) => view.getInt8(offset) },
  INT16: { ...whole(-(2 ** 15), 2 ** 15), bytes: 2, decode: (view, offset) => view.getInt16(offset, true) },
  INT32: { ...whole(-(2 ** 31), 2 ** 31), bytes: 4, decode: (view, offset) => view.getInt32(offset, true) },
  INT64: { ...whole(-(2 ** 63), 2 ** 63), bytes: 8, decode: (view, offset) => Number(view.getBigInt64(offset, true)) },
  FP16: {
    expected: `a number from -${LARGEST_FLOAT16} to ${LARGEST_FLOAT16}`,
    read: (element) => (typeof element === 'number' && Math.abs(element) <= LARGEST_FLOAT16 ? element : Number.NaN),
    bytes: 2,
    decode: (view, offset) => fromFloat16(view.getUint16(offset, true)),
  },
  BF16: { ...FLOAT, bytes: 2, decode: (view, offset) => fromBfloat16(view.getUint16(offset, true)) },
  FP32: { ...FLOAT, bytes: 4, decode: (view, offset) => view.getFloat32(offset, true) },
  FP64: { ...FLOAT, bytes: 8, decode: (view, offset) => view.getFloat64(offset, true) },
};

/**
 * Elements in binary, little-endian, row-major, without gaps.
 * @param pointer where the tensor is described in the request
 * @throws ElucidError `invalid` for a number of bytes that does not fit, or an element that is not finite in float32
 */
export function decodeElements(bytes: Buffer, count: number, datatype: Datatype, pointer: string): Float32Array {
  const { bytes: width, decode, expected } = DATATYPES[datatype];
  if (bytes.length !== count * width) {
    const fits = `${count} elements of ${datatype} are ${count * width} bytes`;
    throw faultAt('invalid', pointer, `${fits}; received ${bytes.length}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values = new Float32Array(count);
  for (let i = 0; i < count; i += 1) values[i] = decode(view, i * width);
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw faultAt('invalid', pointer, `element ${bad} of the binary data must be ${expected}`);
  return values;
}

/** Whole numbers from `least` to below `end`. */
function whole(least: number, end: number): ElementType {
  return {
    expected: `a whole number of at least ${least} and less than ${end}`,
    read: (element) =>
      typeof element === 'number' && Number.isInteger(element) && element >= least && element < end
        ? element
        : Number.NaN,
  };
}
