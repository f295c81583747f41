import { isRecord, type Json, mapRecord } from './json.ts';

/**
 * Tuples with their length: zod writes `prefixItems` alone, which allows shorter and longer lists, and which some clients
 * cannot read. Tuples of one kind of element become lists of a fixed length.
 */
export function exactTuples(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(exactTuples);
  if (!isRecord(value)) return value;
  const inner = mapRecord(value, (_key, part) => exactTuples(part));
  const { prefixItems, ...rest } = inner;
  return Array.isArray(prefixItems) && inner['type'] === 'array' ? { ...rest, ...elements(prefixItems) } : inner;
}

function elements(all: readonly unknown[]): Json {
  const [first] = all;
  const areAlike = all.every((one) => JSON.stringify(one) === JSON.stringify(first));
  const length = { minItems: all.length, maxItems: all.length };
  return areAlike ? { items: first, ...length } : { prefixItems: all, items: false, ...length };
}
