/** Little-endian float32 as they lie in a file: a view where their place is a multiple of four bytes, else a copy. */
export function float32Of(bytes: Uint8Array): Float32Array {
  const { buffer, byteOffset, byteLength } = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
  return new Float32Array(buffer, byteOffset, byteLength >> 2);
}

/** Little-endian float64, rounded to float32. */
export function float64Of(bytes: Uint8Array): Float32Array {
  const { buffer, byteOffset, byteLength } = bytes.byteOffset % 8 === 0 ? bytes : new Uint8Array(bytes);
  return new Float32Array(new Float64Array(buffer, byteOffset, byteLength >> 3));
}

/** Little-endian IEEE 754 half precision, which float32 holds exactly. */
export function float16Of(bytes: Uint8Array): Float32Array {
  const values = new Float32Array(bytes.byteLength >> 1);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let index = 0; index < values.length; index += 1) values[index] = halfOf(view.getUint16(2 * index, true));
  return values;
}

function halfOf(bits: number): number {
  const sign = bits >> 15 === 1 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}
