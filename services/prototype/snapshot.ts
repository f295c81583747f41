import { createHash } from 'node:crypto';

/** Bytes are no snapshot, of another run, or damaged. */
export class SnapshotError extends Error {
  readonly code = 'snapshot';
}

/** Arrays of a run's state, by name. */
export type Arrays = Readonly<Record<string, Float32Array | Float64Array | Uint8Array>>;

const MAGIC = 'elucid-am';
const VERSION = 1;
const ALIGNMENT = 8;
const CHECK_BYTES = 32;

type Kind = 'f4' | 'f8' | 'u1';

interface Header {
  readonly magic: string;
  readonly version: number;
  /** Of the run that was saved: equal for equal plans. */
  readonly identity: string;
  readonly arrays: readonly { readonly name: string; readonly kind: Kind; readonly length: number }[];
}

/**
 * Arrays as bytes: SHA-256 of all that follows (32), length of the header (8), the header (JSON), and every array in the
 * machine's byte order, each starting at a multiple of 8.
 */
export function encodeSnapshot(identity: string, arrays: Arrays): Uint8Array {
  const entries = Object.entries(arrays);
  const described = entries.map(([name, array]) => ({ name, kind: kindOf(array), length: array.length }));
  const header: Header = { magic: MAGIC, version: VERSION, identity, arrays: described };
  const text = new TextEncoder().encode(JSON.stringify(header));
  const start = aligned(CHECK_BYTES + ALIGNMENT + text.length);
  const total = entries.reduce((sum, [, { byteLength }]) => sum + aligned(byteLength), start);
  const bytes = new Uint8Array(total);
  new DataView(bytes.buffer).setUint32(CHECK_BYTES, text.length, true);
  bytes.set(text, CHECK_BYTES + ALIGNMENT);
  let offset = start;
  for (const [, array] of entries) {
    bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), offset);
    offset += aligned(array.byteLength);
  }
  bytes.set(checksum(bytes));
  return bytes;
}

/** Fills the arrays of a new run with those of a saved one. @throws SnapshotError */
export function restoreSnapshot(bytes: Uint8Array, identity: string, arrays: Arrays): void {
  if (bytes.length < CHECK_BYTES + ALIGNMENT)
    throw new SnapshotError(`a snapshot of ${bytes.length} bytes is cut short`);
  if (!checksum(bytes).every((byte, i) => byte === bytes[i])) throw new SnapshotError('the snapshot is damaged');
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(CHECK_BYTES, true);
  const text = new TextDecoder().decode(bytes.subarray(CHECK_BYTES + ALIGNMENT, CHECK_BYTES + ALIGNMENT + length));
  const described = Object.entries(arrays).map(([name, array]) => ({
    name,
    kind: kindOf(array),
    length: array.length,
  }));
  const expected: Header = { magic: MAGIC, version: VERSION, identity, arrays: described };
  if (text !== JSON.stringify(expected)) throw new SnapshotError('the snapshot is of another run, or another version');
  let offset = aligned(CHECK_BYTES + ALIGNMENT + length);
  for (const array of Object.values(arrays)) {
    const own = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    own.set(bytes.subarray(offset, offset + array.byteLength));
    offset += aligned(array.byteLength);
  }
}

function kindOf(array: Arrays[string]): Kind {
  if (array instanceof Float32Array) return 'f4';
  return array instanceof Float64Array ? 'f8' : 'u1';
}

function checksum(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes.subarray(CHECK_BYTES)).digest();
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}
