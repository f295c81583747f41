import type { Job, JobError, JobKind, JobProgress, JobState } from '../../schemas/jobs.ts';
import type { Owner } from '../access/principal.ts';

/** A job as the store keeps it, without its large parts. Times are milliseconds since 1970. */
export interface JobRecord {
  readonly id: string;
  readonly kind: JobKind;
  readonly owner: Owner;
  readonly state: JobState;
  readonly progress: JobProgress;
  readonly created: number;
  readonly started: number | null;
  readonly finished: number | null;
  readonly expires: number | null;
  readonly error: JobError | null;
  /** Number of its latest event. */
  readonly lastEvent: number;
}

/** Progress before anything is known of it. */
export const NO_PROGRESS: JobProgress = { step: 0, steps: 0, objective: null, eta_ms: null };

/** A job as clients see it. */
export function publicJob({ id, kind, state, progress, created, started, finished, expires, error }: JobRecord): Job {
  return {
    id,
    kind,
    state,
    progress,
    created: dateTime(created),
    started: started === null ? null : dateTime(started),
    finished: finished === null ? null : dateTime(finished),
    expires: expires === null ? null : dateTime(expires),
    error,
  };
}

function dateTime(ms: number): string {
  return new Date(ms).toISOString();
}
