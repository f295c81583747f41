import { uniformInt } from 'pure-rand/distribution/uniformInt';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';

/** What a mutation works with: a random place, and a file to take bytes from. */
interface Chance {
  readonly at: number;
  readonly donor: Uint8Array;
  /** A whole number from 0 to below the limit. */
  below(limit: number): number;
}

type Mutation = (file: Uint8Array, chance: Chance) => Uint8Array;

/** Numbers that lie about lengths: little-endian, as protobuf's varints, and as text. */
const LIES: readonly Uint8Array[] = [
  ...['00', 'ff', '7f', '80', 'ffff', 'ffff0000', 'ffffffff', 'ffffff7f', '00000080', '00000001'],
  ...['ffffffffffffffff', 'ffffffffffffff7f', '0000000001000000', 'ffffffff0f', 'ffffffff07', '8080808001'],
  ...['ffffffffffffffffff01', '80808080808080808001', '0b0b0b0b0b0b0b0b', '00000000000000000000000000000000'],
]
  .map((hex) => Buffer.from(hex, 'hex'))
  .concat(
    ['4294967296', '-1', '99999999999999999999', '1e999', 'nan', '{', '}', '[', '"', '\\', '#'].map((text) =>
      Buffer.from(text),
    ),
  );

const MUTATIONS: readonly Mutation[] = [
  function flipBit(file, { at, below }) {
    const bytes = file.slice();
    bytes[at] = (bytes[at] ?? 0) ^ (1 << below(8));
    return bytes;
  },
  function overwrite(file, { at, below }) {
    const bytes = file.slice();
    const lie = LIES[below(LIES.length)] ?? new Uint8Array(0);
    bytes.set(lie.subarray(0, bytes.length - at), at);
    return bytes;
  },
  function insert(file, { at, below }) {
    return joined(file.subarray(0, at), LIES[below(LIES.length)] ?? new Uint8Array(0), file.subarray(at));
  },
  function truncate(file, { at }) {
    return file.slice(0, at);
  },
  function remove(file, { at, below }) {
    return joined(file.subarray(0, at), file.subarray(at + 1 + below(64)));
  },
  function repeat(file, { at, below }) {
    const part = file.subarray(at, at + 1 + below(256));
    return joined(file.subarray(0, at), ...Array<Uint8Array>(1 + below(64)).fill(part), file.subarray(at));
  },
  function splice(file, { at, donor, below }) {
    const from = below(donor.length);
    return joined(file.subarray(0, at), donor.subarray(from, from + 1 + below(1024)), file.subarray(at + below(256)));
  },
];

/** A file with one to four mutations, most of them where its structure lies. */
export function mutated(
  file: Uint8Array,
  donor: Uint8Array,
  places: readonly number[],
  random: RandomGenerator,
): Uint8Array {
  const below = (limit: number) => (limit <= 1 ? 0 : uniformInt(random, 0, limit - 1));
  let bytes = file;
  for (let count = 1 + below(4); count > 0 && bytes.length > 0; count -= 1) {
    const structural = places[below(places.length)] ?? 0;
    const at = Math.min(below(4) === 0 ? below(bytes.length) : structural, bytes.length - 1);
    const mutate = MUTATIONS[below(MUTATIONS.length)];
    bytes = mutate?.(bytes, { at, donor, below }) ?? bytes;
  }
  return bytes;
}

/** Bytes around a name or a field of zeros, among which the structure of a file of weights lies. */
const NEIGHBOURHOOD = 32;
const SHORTEST_RUN = 4;

/** Places in a file that are structure rather than weights, by the look of it: near runs of text or of zeros. */
export function structuralPlaces(file: Uint8Array): readonly number[] {
  const places = new Set<number>();
  let run = 0;
  for (const [index, byte] of file.entries()) {
    run = byte === 0 || (byte >= 0x20 && byte < 0x7f) ? run + 1 : 0;
    if (run < SHORTEST_RUN) continue;
    const end = Math.min(index + NEIGHBOURHOOD, file.length - 1);
    for (let at = Math.max(0, index - NEIGHBOURHOOD); at <= end; at += 1) places.add(at);
  }
  return [...places];
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
