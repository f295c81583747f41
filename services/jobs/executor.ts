import type { JobKind, JobProgress } from '../../schemas/jobs.ts';

/** What a running job has of the rest of the world. */
export interface JobContext {
  /**
   * Aborts when the job is cancelled, its time is over, or the service stops: the executor saves where it stands and
   * rejects, soon.
   */
  readonly signal: AbortSignal;
  /** Where an earlier run of the job stood, as it was saved; null for a new job. */
  readonly checkpoint: Uint8Array | null;
  /**
   * Tells how far the job is; may be called at every step.
   * @param progress an `eta_ms` of null is estimated
   * @param preview a small PNG of how it stands
   */
  progress(progress: JobProgress, preview: Uint8Array | null): void;
  /** Keeps where the job stands, to go on from; may be called at every step, with bytes that nobody changes any more. */
  save(checkpoint: Uint8Array): void;
}

/** What a job gives. */
export interface JobOutcome {
  /** Serialisable as JSON. */
  readonly body: unknown;
  /** Its large parts by name ([A-Za-z0-9_-], at most 59 characters). */
  readonly blobs: Readonly<Record<string, Uint8Array>>;
}

/**
 * Runs the jobs of one kind.
 * @param request as it was submitted, out of JSON
 * @throws ElucidError `worker-lost` when a process died over it (the message names the signal or the exit code): the job
 *   goes on from its last checkpoint; not after a second time without a checkpoint between. Any other error fails the job.
 */
export type JobExecutor = (request: unknown, context: JobContext) => Promise<JobOutcome>;

export type JobExecutors = Readonly<Partial<Record<JobKind, JobExecutor>>>;
