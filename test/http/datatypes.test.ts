import { describe, expect, test } from '@jest/globals';
import { DATATYPE_NAMES, type Datatype } from '../../schemas/openInference.ts';
import { DATATYPES, decodeElements } from '../../services/http/openInference/datatypes.ts';
import { fromBfloat16, fromFloat16 } from '../../services/http/openInference/halfFloats.ts';

/** Elements in the machine's own typed arrays, which are little-endian here. */
const ARRAYS: readonly [Datatype, ArrayBufferView, readonly number[]][] = [
  ['BOOL', Uint8Array.of(0, 1), [0, 1]],
  ['UINT8', Uint8Array.of(0, 255), [0, 255]],
  ['UINT16', Uint16Array.of(1, 65535), [1, 65535]],
  ['UINT32', Uint32Array.of(1, 2 ** 31), [1, 2 ** 31]],
  ['UINT64', BigUint64Array.of(1n, 2n ** 63n), [1, 2 ** 63]],
  ['INT8', Int8Array.of(-128, 127), [-128, 127]],
  ['INT16', Int16Array.of(-32768, 5), [-32768, 5]],
  ['INT32', Int32Array.of(-(2 ** 31), 6), [-(2 ** 31), 6]],
  ['INT64', BigInt64Array.of(-(2n ** 63n), 7n), [-(2 ** 63), 7]],
  ['FP16', Uint16Array.of(0x3c00, 0xc000), [1, -2]],
  ['BF16', Uint16Array.of(0x3f80, 0xc000), [1, -2]],
  ['FP32', Float32Array.of(0.1, -3e38), [Math.fround(0.1), Math.fround(-3e38)]],
  ['FP64', Float64Array.of(0.1, -1e-300), [Math.fround(0.1), 0]],
];

test('every datatype of the protocol but BYTES is there, with its size', () => {
  expect(ARRAYS.map(([name]) => name)).toEqual([...DATATYPE_NAMES]);
  expect(Object.keys(DATATYPES).sort()).toEqual([...DATATYPE_NAMES].sort());
});

describe('binary', () => {
  test.each(ARRAYS)('%s', (datatype, { buffer, byteLength }, expected) => {
    // An odd offset, as after JSON of any length.
    const bytes = Buffer.concat([Buffer.alloc(1), Buffer.from(buffer)]).subarray(1);
    expect(bytes).toHaveLength(byteLength);
    expect(Array.from(decodeElements(bytes, 2, datatype, '/inputs/0'), (value) => value + 0)).toEqual(expected);
    expect(() => decodeElements(bytes, 3, datatype, '/inputs/0')).toThrow(
      `3 elements of ${datatype} are ${(3 * byteLength) / 2} bytes; received ${byteLength}`,
    );
  });

  test.each<[Datatype, ArrayBufferView]>([
    ['BOOL', Uint8Array.of(0, 2)],
    ['FP16', Uint16Array.of(0, 0x7c00)],
    ['BF16', Uint16Array.of(0, 0x7fc0)],
    ['FP32', Float32Array.of(0, Number.NaN)],
    ['FP64', Float64Array.of(0, 1e39)],
  ])('%s that is no number of float32 is refused', (datatype, { buffer }) => {
    expect(() => decodeElements(Buffer.from(buffer), 2, datatype, '/inputs/0')).toThrow(/^element 1 .* must be/);
  });
});

describe('JSON', () => {
  test.each<[Datatype, readonly unknown[], readonly unknown[]]>([
    ['BOOL', [true, false], [0, 1, 'true']],
    ['UINT8', [0, 255], [-1, 256, 1.5, '1', true, null]],
    ['UINT16', [0, 65535], [-1, 65536]],
    ['UINT32', [0, 2 ** 32 - 1], [-1, 2 ** 32]],
    ['UINT64', [0, 2 ** 63], [-1, 2 ** 64]],
    ['INT8', [-128, 127], [-129, 128, 0.5]],
    ['INT16', [-32768, 32767], [-32769, 32768]],
    ['INT32', [-(2 ** 31), 2 ** 31 - 1], [-(2 ** 31) - 1, 2 ** 31]],
    ['INT64', [-(2 ** 63), 2 ** 62], [2 ** 63, -(2 ** 65)]],
    ['FP16', [65504, -0.5], [65505, Number.POSITIVE_INFINITY, '1']],
    ['BF16', [1e38], [1e39]],
    ['FP32', [1e38, -1], [1e39, true, null]],
    ['FP64', [0.1], [1e39, []]],
  ])('%s', (datatype, allowed, refused) => {
    const { read } = DATATYPES[datatype];
    expect(allowed.map(read)).toEqual(allowed.map(Number));
    expect(refused.map(read)).toEqual(refused.map(() => Number.NaN));
  });
});

test.each([
  [0x0000, 0],
  [0x8000, -0],
  [0x0001, 2 ** -24],
  [0x03ff, 1023 * 2 ** -24],
  [0x0400, 2 ** -14],
  [0x3555, 0.333251953125],
  [0x3c00, 1],
  [0x3c01, 1 + 2 ** -10],
  [0x7bff, 65504],
  [0xfbff, -65504],
  [0x7c00, Number.POSITIVE_INFINITY],
  [0xfc00, Number.NEGATIVE_INFINITY],
  [0x7e00, Number.NaN],
])('binary16 %i is %d (IEEE 754)', (bits, value) => {
  expect(fromFloat16(bits)).toBe(value);
});

test.each([
  [0x0000, 0],
  [0x3f80, 1],
  [0x4049, 3.140625],
  [0xc2f7, -123.5],
  [0x7f80, Number.POSITIVE_INFINITY],
  [0x7fc0, Number.NaN],
])('bfloat16 %i is %d', (bits, value) => {
  expect(fromBfloat16(bits)).toBe(value);
});
