import type { JobError, JobEventType, JobKind, JobProgress, JobState } from '../../schemas/jobs.ts';
import type { Owner } from '../access/principal.ts';
import type { JobRecord } from './record.ts';

/** A job to be stored; it is queued then. */
export interface NewJob {
  readonly id: string;
  readonly kind: JobKind;
  readonly owner: Owner;
  /** The request as JSON. */
  readonly request: string;
  /** The client's own name for the request, and a hash of what was asked. */
  readonly idempotency: { readonly key: string; readonly hash: string } | null;
  readonly created: number;
}

export interface CreatedJob {
  readonly job: JobRecord;
  /** False when the idempotency key led to a job that was there already. */
  readonly created: boolean;
}

/** What is needed to run a job, or to go on with it. */
export interface ClaimedJob {
  readonly job: JobRecord;
  /** null where it cannot be read any more: somebody has changed the files. */
  readonly request: string | null;
  readonly checkpoint: Uint8Array | null;
  /** Milliseconds that it ran before, up to the checkpoint. */
  readonly ranMs: number;
  /** How often a service ended while the job ran, without a checkpoint since. */
  readonly interruptions: number;
}

/** How a job ends. */
export type Ending =
  | { readonly state: 'succeeded'; readonly body: string; readonly blobs: Readonly<Record<string, Uint8Array>> }
  | { readonly state: 'failed'; readonly error: JobError }
  | { readonly state: 'cancelled' };

/** What a job gave. */
export interface JobOutput {
  readonly request: string;
  readonly body: string;
  readonly blobs: Readonly<Record<string, Uint8Array>>;
}

/** One line of a job's story. Numbers of a job's events rise from 1. */
export interface JobEvent {
  readonly number: number;
  readonly type: JobEventType;
  readonly data: unknown;
}

export interface JobPage {
  readonly owner: Owner;
  readonly state: JobState | null;
  readonly limit: number;
  /** Only jobs that were made before the one with this id. */
  readonly before: string | null;
  readonly now: number;
}

/**
 * Keeps jobs over the end of the process. Every method is one atomic step. State changes are made only out of the states
 * that `statesBefore` allows, and are told by an event in the same step. Jobs whose time is over are as if they were gone.
 * Writing methods throw ElucidError `storage-full` where there is no room.
 */
export interface JobStore {
  /**
   * Stores a queued job, or finds the one that an idempotency key names.
   * @param maxQueued most jobs that wait
   * @throws ElucidError `queue-full`, `storage-full`, `idempotency-conflict` for a key whose request was another one
   */
  create(job: NewJob, maxQueued: number): Promise<CreatedJob>;
  get(id: string, now: number): Promise<JobRecord | null>;
  /** Newest first. */
  list(page: JobPage): Promise<readonly JobRecord[]>;
  /** Starts the job that is queued for longest; null when none is. */
  claim(now: number): Promise<ClaimedJob | null>;
  /** Jobs that were running when an earlier service ended, oldest first. */
  interrupted(): Promise<readonly string[]>;
  /** What is needed to go on with a running job; counts as an interruption. Null when it does not run any more. */
  resume(id: string): Promise<ClaimedJob | null>;
  /**
   * Keeps the progress of a running job, and an event of it; of those only the latest are kept. Does nothing for others.
   * @param preview a small PNG
   */
  saveProgress(id: string, progress: JobProgress, preview: Uint8Array | null): Promise<void>;
  /** Keeps where a running job stands: a service that is started later goes on from there. */
  saveCheckpoint(id: string, checkpoint: Uint8Array, ranMs: number): Promise<void>;
  /** Marks a running job as left in good order: the next start is no interruption. */
  suspend(id: string, ranMs: number): Promise<void>;
  /**
   * Ends a job; null when it cannot go to that state from its own. Forgets its checkpoint and, unless it succeeded, its
   * request.
   * @throws ElucidError `too-large`, `storage-full`
   */
  end(id: string, ending: Ending, now: number, expires: number): Promise<JobRecord | null>;
  /** Events with numbers above `after`, in order. */
  events(id: string, after: number, limit: number): Promise<readonly JobEvent[]>;
  /** What a succeeded job gave; null for any other. */
  output(id: string): Promise<JobOutput | null>;
  /** Calls `onChange` after every event of a job, and when it is forgotten; returns what ends that. */
  watch(id: string, onChange: () => void): () => void;
  /** Forgets the jobs whose time is over; how many there were. */
  prune(now: number): Promise<number>;
  close(): Promise<void>;
}

/** Events of progress that are kept of one job. */
export const KEPT_PROGRESS_EVENTS = 20;

/** Largest preview that an event holds; larger ones are left out. */
export const MAX_PREVIEW_BYTES = 128 * 1024;

/** Largest checkpoint, and largest result with all its parts. */
export const MAX_CHECKPOINT_BYTES = 256 * 2 ** 20;
export const MAX_RESULT_BYTES = 256 * 2 ** 20;
