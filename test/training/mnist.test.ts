import { gzipSync } from 'node:zlib';
import { decodeIdx } from '../../training/mnist.ts';

/** An idx file of unsigned bytes, as its specification spells it out. */
function idx(shape: number[], data: number[], type = 0x08): Buffer {
  const sizes = shape.flatMap((size) => [0, 0, size >> 8, size & 255]);
  return gzipSync(Buffer.from([0, 0, type, shape.length, ...sizes, ...data]));
}

describe('decodeIdx', () => {
  it('reads the shape and the bytes', () => {
    const { shape, data } = decodeIdx(idx([2, 1, 3], [1, 2, 3, 4, 5, 255]));
    expect(shape).toEqual([2, 1, 3]);
    expect([...data]).toEqual([1, 2, 3, 4, 5, 255]);
  });

  it('reads sizes of more than one byte', () => {
    expect(decodeIdx(idx([300], new Array(300).fill(7))).shape).toEqual([300]);
  });

  it.each([
    ['another element type', idx([1], [0], 0x0d)],
    ['another kind of file', gzipSync(Buffer.from('P5 28 28'))],
    ['an empty file', gzipSync(Buffer.alloc(0))],
    ['a header cut short', gzipSync(Buffer.from([0, 0, 8, 3, 0, 0]))],
  ])('refuses %s', (_what, bytes) => {
    expect(() => decodeIdx(bytes, 'x.gz')).toThrow('x.gz: not an idx file of unsigned bytes');
  });

  it.each([5, 7])('refuses %i bytes where the header promises 6', (count) => {
    expect(() => decodeIdx(idx([2, 3], new Array(count).fill(0)))).toThrow(`promises 6 bytes, the file holds ${count}`);
  });
});
