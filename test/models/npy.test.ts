import fc from 'fast-check';
import { decodeNpy, encodeNpy, NpyError } from '../../models/tensors/npy.ts';
import { arrayTensor, sizeOf } from '../../models/tensors/tensor.ts';

/** A .npy file as numpy writes it: version, description of the array, bytes of its values. */
function npy(version: number, header: string, values: Uint8Array): Uint8Array {
  const length =
    version === 1 ? [header.length & 255, header.length >> 8] : [header.length & 255, header.length >> 8, 0, 0];
  return new Uint8Array([0x93, ...Buffer.from('NUMPY'), version, 0, ...length, ...Buffer.from(header), ...values]);
}

const pair = new Uint8Array(new Float64Array([1.5, -2]).buffer);

test('what is written is read again', () => {
  const shapes = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 5 });
  fc.assert(
    fc.property(shapes, fc.float({ noNaN: true }), (shape, first) => {
      const tensor = arrayTensor(
        shape,
        Float32Array.from({ length: sizeOf(shape) }, (_, k) => Math.fround(first + k)),
      );
      expect(decodeNpy(encodeNpy(tensor))).toEqual(tensor);
    }),
  );
});

test('the values of a file begin at a multiple of 64 bytes, behind a line', () => {
  const bytes = encodeNpy(arrayTensor([3], new Float32Array([1, 2, 3])));
  expect((bytes.length - 12) % 64).toBe(0);
  expect(bytes[bytes.length - 13]).toBe('\n'.charCodeAt(0));
  expect(Buffer.from(bytes).toString('latin1')).toContain("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }");
});

test.each([1, 2, 3])('format %i with float64 is read', (version) => {
  const bytes = npy(version, "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 2), }\n", pair);
  expect(decodeNpy(bytes)).toEqual(arrayTensor([1, 2], new Float32Array([1.5, -2])));
});

test('values are found in bytes that lie inside other bytes', () => {
  const bytes = encodeNpy(arrayTensor([2], new Float32Array([4, 5])));
  const inside = new Uint8Array(bytes.length + 3);
  inside.set(bytes, 3);
  expect(decodeNpy(inside.subarray(3)).data).toEqual(new Float32Array([4, 5]));
});

test.each([
  ["{'descr': '<i8', 'fortran_order': False, 'shape': (2,), }", 'the type is <i8; allowed: <f4, >f4, <f8, >f8'],
  ["{'descr': '<f8', 'fortran_order': True, 'shape': (2,), }", 'the array is not in C order'],
  ["{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }", '16 bytes of values for the shape [3], expected 24'],
  ["{'descr': '<f8', 'fortran_order': False, 'shape': (9999999999, 9999999999), }", 'the shape is too large'],
  ["{'descr': '<f8', 'fortran_order': False, }", 'the header states no shape'],
])('%s is refused', (header, message) => {
  expect(() => decodeNpy(npy(1, header, pair))).toThrow(new NpyError(message));
});

test('changed bytes are read or refused, never anything else', () => {
  const original = encodeNpy(arrayTensor([2, 2], new Float32Array(4)));
  fc.assert(
    fc.property(fc.nat(original.length - 1), fc.nat(255), fc.nat(original.length), (at, value, length) => {
      const bytes = original.slice(0, length);
      bytes[at] = value;
      try {
        decodeNpy(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(NpyError);
      }
    }),
    { numRuns: 1000 },
  );
});
