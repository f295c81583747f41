/**
 * Whether no value is infinite or NaN. x − x is 0 for finite numbers alone; unlike `Number.isFinite` it is cheap in a
 * context of `node:vm` too, where looking up a global is slow.
 */
export function allFinite(values: Float32Array | Float64Array): boolean {
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index] ?? 0;
    if (value - value !== 0) return false;
  }
  return true;
}
