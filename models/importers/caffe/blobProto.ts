import type { Shape } from '../../tensors/tensor.ts';
import { ImportFault } from '../faults.ts';
import { checkCount, checkedBlob, MAX_RANK } from './blob.ts';
import { float16Of, float32Of, float64Of } from './floats.ts';
import type { CaffeBlob } from './net.ts';
import { fieldsOf, integerAt, joined, varints, WIRE } from './wire.ts';

/** Fields of BlobProto; `raw` is NVCaffe's. */
const FIELD = { shape: 7, data: 5, doubles: 8, rawType: 10, raw: 12 } as const;
const LEGACY_SIDES = [1, 2, 3, 4];
/** Field of BlobShape. */
const DIM = 1;

interface Storage {
  readonly bytes: Uint8Array;
  readonly width: number;
  decode(bytes: Uint8Array): Float32Array;
}

/** How NVCaffe stores raw data, by its enumeration; its integers are no weights. */
const RAW_TYPES: readonly Omit<Storage, 'bytes'>[] = [
  { width: 8, decode: float64Of },
  { width: 4, decode: float32Of },
  { width: 2, decode: float16Of },
];

/**
 * Reads a BlobProto. Float32 values stay where they are in the file's bytes if they are aligned.
 * @throws ImportFault
 */
export function readBlobProto(bytes: Uint8Array): CaffeBlob {
  const legacy = legacyShape(bytes);
  const shape = legacy ?? statedShape(bytes);
  const { bytes: stored, width, decode } = storageOf(bytes);
  if (stored.length % width !== 0) throw new ImportFault(`has ${stored.length} bytes of values of ${width} bytes each`);
  checkCount(shape, stored.length / width);
  return checkedBlob(shape, legacy !== null, decode(stored));
}

/** [num, channels, height, width] of the oldest files, which Caffe prefers where any of them is stated. */
function legacyShape(bytes: Uint8Array): Shape | null {
  const sides = new Map<number, number>();
  for (const field of fieldsOf(bytes)) {
    if (field.wire === WIRE.varint && LEGACY_SIDES.includes(field.number)) {
      sides.set(field.number, integerAt(bytes, field));
    }
  }
  return sides.size === 0 ? null : LEGACY_SIDES.map((number) => sides.get(number) ?? 0);
}

function statedShape(bytes: Uint8Array): Shape {
  const message = joined(bytes, FIELD.shape, [WIRE.bytes]);
  return varints(joined(message, DIM, [WIRE.bytes, WIRE.varint]), MAX_RANK);
}

/** The one place where a blob's values are. */
function storageOf(bytes: Uint8Array): Storage {
  const storages: readonly Storage[] = [
    { bytes: joined(bytes, FIELD.data, [WIRE.bytes, WIRE.fixed32]), width: 4, decode: float32Of },
    { bytes: joined(bytes, FIELD.doubles, [WIRE.bytes, WIRE.fixed64]), width: 8, decode: float64Of },
    rawStorage(bytes),
  ];
  const [storage, other] = storages.filter(({ bytes: { length } }) => length > 0);
  if (storage === undefined) throw new ImportFault('holds no values');
  if (other !== undefined) throw new ImportFault('holds its values twice, as data, double_data or raw_data');
  return storage;
}

function rawStorage(bytes: Uint8Array): Storage {
  const raw = joined(bytes, FIELD.raw, [WIRE.bytes]);
  if (raw.length === 0) return { bytes: raw, width: 1, decode: float32Of };
  let type: number | null = null;
  for (const field of fieldsOf(bytes)) {
    if (field.number === FIELD.rawType && field.wire === WIRE.varint) type = integerAt(bytes, field);
  }
  const storage = type === null ? undefined : RAW_TYPES[type];
  if (storage === undefined) {
    throw new ImportFault(
      `has raw_data of the type ${type ?? 'not stated'}; allowed are 0 (DOUBLE), 1 (FLOAT), 2 (FLOAT16)`,
    );
  }
  return { bytes: raw, ...storage };
}
