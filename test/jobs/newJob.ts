import { JobIds } from '../../services/jobs/jobId.ts';
import type { NewJob } from '../../services/jobs/store.ts';

const ids = new JobIds();

/** A job that asks for little, made at a time that tests know. */
export function newJob(changes: Partial<NewJob> = {}): NewJob {
  const created = changes.created ?? 1000;
  return {
    id: ids.next(created),
    kind: 'prototype',
    owner: null,
    request: '{"model":"digits"}',
    idempotency: null,
    created,
    ...changes,
  };
}

/** The code of the ElucidError that a promise rejects with. */
export async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => 'no error',
    (error: { code?: unknown }) => error.code ?? error,
  );
}
