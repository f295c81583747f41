import protobuf from 'protobufjs/minimal.js';
import { ImportFault } from '../faults.ts';

/** How protobuf's binary format writes a field. */
export const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** A field of a binary message. */
export interface WireField {
  readonly number: number;
  readonly wire: number;
  /** Where its content lies, without the length that stands before bytes. */
  readonly begin: number;
  readonly end: number;
}

/**
 * The fields of a binary message, one after another; groups are passed over.
 * @throws ImportFault when the bytes are no protobuf message
 */
export function* fieldsOf(bytes: Uint8Array): Generator<WireField, void, void> {
  const reader = new protobuf.Reader(bytes);
  while (reader.pos < reader.len) {
    const start = reader.pos;
    try {
      const tag = reader.tag();
      const [number, wire] = [tag >>> 3, tag & 7];
      const length = wire === WIRE.bytes ? reader.size() : null;
      const begin = reader.pos;
      if (length === null) reader.skipType(wire, 0, number);
      else reader.skip(length);
      if (number === 0) throw new RangeError('field number 0');
      yield { number, wire, begin, end: reader.pos };
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      throw new ImportFault(`is damaged or cut short at byte ${start}: ${error.message}`);
    }
  }
}

/** The integer that a field holds. @throws ImportFault when it is too large to be exact */
export function integerAt(bytes: Uint8Array, { begin, end }: WireField): number {
  return varints(bytes.subarray(begin, end), 1)[0] ?? 0;
}

/** Packed integers. @throws ImportFault when there are more than `limit`, or one is too large to be exact */
export function varints(packed: Uint8Array, limit: number): readonly number[] {
  const reader = new protobuf.Reader(packed);
  const values: number[] = [];
  try {
    while (reader.pos < reader.len && values.length <= limit) values.push(exact(reader.int64()));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new ImportFault('holds integers that are cut short');
  }
  if (values.length > limit) throw new ImportFault(`holds more than ${limit} integers`);
  if (!values.every(Number.isSafeInteger)) throw new ImportFault('holds an integer that is too large');
  return values;
}

function exact({ low, high }: { low: number; high: number }): number {
  return high * 2 ** 32 + (low >>> 0);
}

/**
 * The content of all occurrences of a field joined: a view where there is one, else a copy.
 * @param wires ways in which it may be written; others are another field to protobuf
 */
export function joined(bytes: Uint8Array, number: number, wires: readonly number[]): Uint8Array {
  let [count, total] = [0, 0];
  let only: WireField | null = null;
  for (const field of fieldsOf(bytes)) {
    if (field.number !== number || !wires.includes(field.wire)) continue;
    count += 1;
    total += field.end - field.begin;
    only = field;
  }
  if (only === null) return new Uint8Array(0);
  if (count === 1) return bytes.subarray(only.begin, only.end);
  const whole = new Uint8Array(total);
  let at = 0;
  for (const field of fieldsOf(bytes)) {
    if (field.number !== number || !wires.includes(field.wire)) continue;
    for (let from = field.begin; from < field.end; from += 1, at += 1) whole[at] = bytes[from] ?? 0;
  }
  return whole;
}
