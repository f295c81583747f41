/** Encodes float32 values as a NumPy file, format version 1.0, C order. */
export function encodeNpy(shape: readonly number[], values: Float32Array): Buffer {
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(', ')}${shape.length === 1 ? ',' : ''}), }`;
  const preamble = 10;
  const padded = `${header.padEnd(Math.ceil((preamble + header.length + 1) / 64) * 64 - preamble - 1)}\n`;
  const out = Buffer.alloc(preamble + padded.length + 4 * values.length);
  out.write('\x93NUMPY\x01\x00', 0, 'latin1');
  out.writeUInt16LE(padded.length, 8);
  out.write(padded, preamble, 'latin1');
  values.forEach((value, index) => {
    out.writeFloatLE(value, preamble + padded.length + 4 * index);
  });
  return out;
}
