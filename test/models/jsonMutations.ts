import fc from 'fast-check';

/** Where every value of a JSON document lies. */
export function placesIn(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, inner]) => placesIn(inner, [...path, key]))];
}

/** The document with another value at one place. */
export function changed(value: unknown, [key, ...rest]: readonly string[], to: unknown): unknown {
  if (key === undefined) return to;
  if (Array.isArray(value)) return value.map((inner, k) => (String(k) === key ? changed(inner, rest, to) : inner));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([k, inner]) => [k, k === key ? changed(inner, rest, to) : inner]),
  );
}

/** Values that do not belong where they are put: of other types, huge, negative, empty, or one of the given words. */
export function strangeValues(...words: readonly string[]): fc.Arbitrary<unknown> {
  return fc.oneof(
    fc.constantFrom<unknown>(null, true, '', -1, 0, 1, 3, 1.5, 1e9, 2 ** 31, 2 ** 53, 1e308, [], {}, [[]], '__proto__'),
    fc.constantFrom<unknown>(...words),
    fc.jsonValue({ maxDepth: 3 }),
  );
}

/** Some bytes to be written at one place of a file, or nothing behind it. */
export interface Damage {
  readonly at: number;
  readonly bytes: Uint8Array;
  readonly cuts: boolean;
}

/** Any damage of a file of the given length. */
export function damages(length: number): fc.Arbitrary<Damage> {
  return fc.record({ at: fc.nat(length), bytes: fc.uint8Array({ minLength: 1, maxLength: 8 }), cuts: fc.boolean() });
}

/** The file with a damage. */
export function damaged(file: Uint8Array, { at, bytes, cuts }: Damage): Uint8Array {
  if (cuts) return file.slice(0, at);
  const wrong = file.slice();
  wrong.set(bytes.subarray(0, wrong.length - at), at);
  return wrong;
}
