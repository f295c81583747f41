import { encodeNpy } from '../../training/npy.ts';

describe('encodeNpy', () => {
  it.each([
    [[2, 3], '(2, 3)'],
    [[6], '(6,)'],
    [[1, 1, 6], '(1, 1, 6)'],
  ])('writes shape %j as %s, the data aligned to 64 bytes', (shape, written) => {
    const values = Float32Array.of(0, 1, -1, 0.5, 1e-20, 3e8);
    const bytes = encodeNpy(shape, values);
    expect(bytes.subarray(0, 8).toString('latin1')).toBe('\x93NUMPY\x01\x00');
    const start = 10 + bytes.readUInt16LE(8);
    expect(start % 64).toBe(0);
    expect(bytes.subarray(10, start).toString()).toMatch(/^\{.*\} *\n$/);
    expect(bytes.subarray(10, start).toString()).toContain(
      `'descr': '<f4', 'fortran_order': False, 'shape': ${written}`,
    );
    expect([...values.keys()].map((index) => bytes.readFloatLE(start + 4 * index))).toEqual([...values]);
    expect(bytes.length).toBe(start + 24);
  });
});
