/** Values of float32 with their shape. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

const MAGIC = '\x93NUMPY';

/**
 * Reads a NumPy file of little-endian float32 in row-major order, as the service answers `application/x-npy`
 * (NumPy's format description, versions 1 to 3).
 * @throws RangeError for anything else
 */
export function readNpy(bytes: ArrayBuffer): Tensor {
  const view = new DataView(bytes);
  const text = (from: number, length: number) => String.fromCharCode(...new Uint8Array(bytes, from, length));
  if (bytes.byteLength < 12 || text(0, 6) !== MAGIC) throw new RangeError('these bytes are no NumPy file');
  const isOld = view.getUint8(6) === 1;
  const begin = isOld ? 10 : 12;
  const length = isOld ? view.getUint16(8, true) : view.getUint32(8, true);
  const header = text(begin, length);
  if (!/'descr': *'<f4'/.test(header) || !/'fortran_order': *False/.test(header)) {
    throw new RangeError(`received a NumPy file with ${header.trim()}; allowed is float32 in row-major order`);
  }
  const shape = (/'shape': *\(([^)]*)\)/.exec(header)?.[1] ?? '')
    .split(',')
    .flatMap((size) => (/\d/.test(size) ? [Number(size)] : []));
  const count = shape.reduce((product, size) => product * size, 1);
  const from = begin + length;
  return { shape, data: Float32Array.from({ length: count }, (_, i) => view.getFloat32(from + 4 * i, true)) };
}
