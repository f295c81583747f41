import { ElucidError } from '../../schemas/errors.ts';
import type { JobError } from '../../schemas/jobs.ts';

/** What a client is told of a failed job. Nothing of an unexpected error: it is for the log. */
export function failureOf(error: unknown): JobError {
  if (error instanceof ElucidError) return { code: error.code, detail: error.message, errors: [...error.faults] };
  return {
    code: 'internal',
    detail: 'an unexpected error; the log of the service has it by the id of the job',
    errors: [],
  };
}

export function isStorageFull(error: unknown): boolean {
  return error instanceof ElucidError && error.code === 'storage-full';
}
