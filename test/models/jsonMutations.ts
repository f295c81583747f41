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

/** Bytes of a file with some overwritten at one place, or cut off there. */
export function damaged(file: Uint8Array): fc.Arbitrary<Uint8Array> {
  return fc
    .tuple(fc.nat(file.length), fc.uint8Array({ minLength: 1, maxLength: 8 }), fc.boolean())
    .map(([at, bytes, cut]) => {
      if (cut) return file.slice(0, at);
      const wrong = file.slice();
      wrong.set(bytes.subarray(0, wrong.length - at), at);
      return wrong;
    });
}
