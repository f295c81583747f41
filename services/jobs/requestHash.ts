import { createHash } from 'node:crypto';
import type { JobKind } from '../../schemas/jobs.ts';

/** SHA-256 of what is asked: the same for requests that differ only in the order of their fields. */
export function requestHash(kind: JobKind, request: unknown): string {
  const canonical = JSON.stringify(request, (_key, value: unknown) => (isRecord(value) ? sorted(value) : value));
  return createHash('sha256').update(`${kind}\n${canonical}`).digest('hex');
}

function sorted(record: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
