import type { JobEventType, JobState } from '../../schemas/jobs.ts';

/** Where a job can go from each state; from the last three nowhere. */
const NEXT: Readonly<Record<JobState, readonly JobState[]>> = {
  queued: ['running', 'cancelled'],
  running: ['succeeded', 'failed', 'cancelled'],
  succeeded: [],
  failed: [],
  cancelled: [],
};

/** The event that tells of a state. */
export const EVENT_OF: Readonly<Record<JobState, JobEventType>> = {
  queued: 'queued',
  running: 'running',
  succeeded: 'result',
  failed: 'error',
  cancelled: 'cancelled',
};

/** States from which a job may go to `state`: a store changes it only out of one of these. */
export function statesBefore(state: JobState): readonly JobState[] {
  return Object.entries(NEXT).flatMap(([from, to]) => (to.includes(state) ? [from as JobState] : []));
}
