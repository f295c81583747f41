import { ElucidError } from '../../schemas/errors.ts';
import { ENDED, type Job, type JobKind, type JobState, LAST_EVENTS } from '../../schemas/jobs.ts';
import type { Owner } from '../access/principal.ts';
import type { JobExecutors } from './executor.ts';
import { JobIds } from './jobId.ts';
import type { JobLog } from './jobLog.ts';
import type { JobTimes } from './jobRun.ts';
import { type JobRecord, publicJob } from './record.ts';
import { requestHash } from './requestHash.ts';
import { JobRunner } from './runner.ts';
import type { JobEvent, JobOutput, JobStore } from './store.ts';

export interface JobsOptions {
  readonly store: JobStore;
  readonly executors: JobExecutors;
  /** Jobs that run at a time. */
  readonly workers: number;
  /** Most jobs that wait; one more is refused. */
  readonly maxQueued: number;
  readonly timeoutMs: number;
  readonly ttlMs: number;
  readonly log: JobLog;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** Other times than the usual ones. */
  readonly times?: Partial<JobTimes>;
}

export interface JobSubmission {
  readonly kind: JobKind;
  readonly owner: Owner;
  /** Serialisable as JSON; the executor gets it back. */
  readonly request: unknown;
  /** The client's own name for the request: the same name and request give the same job. */
  readonly idempotencyKey: string | null;
}

export interface JobQuery {
  readonly owner: Owner;
  readonly state?: JobState | undefined;
  readonly limit: number;
  /** `next` of the page before. */
  readonly cursor?: string | undefined;
}

/** A job that has ended by itself, with what it gave: null where it failed. */
export interface FinishedJob {
  readonly job: Job;
  readonly output: JobOutput | null;
}

/** How often a running job's state is told and kept. */
const USUAL_TIMES = { progressMs: 100, previewMs: 1000, checkpointMs: 2000, retryMs: 1000 };

/** Most time between two looks for jobs whose time is over. */
const PRUNE_MS = 60_000;

/** Events that are read at a time. */
const EVENTS_AT_A_TIME = 32;

/** The use cases of jobs, whatever protocol asks. All errors for clients are `ElucidError`; `unknown-job` where there is none. */
export class Jobs {
  readonly #options: JobsOptions;
  readonly #store: JobStore;
  readonly #runner: JobRunner;
  readonly #now: () => number;
  readonly #ids = new JobIds();
  readonly #pruning: NodeJS.Timeout;

  /** Goes on with what an earlier service left. */
  static async open(options: JobsOptions): Promise<Jobs> {
    const jobs = new Jobs(options);
    await jobs.#prune();
    await jobs.#runner.start();
    return jobs;
  }

  private constructor(options: JobsOptions) {
    const { store, executors, workers, timeoutMs, ttlMs, log, now = Date.now } = options;
    const times: JobTimes = { ...USUAL_TIMES, timeoutMs, ttlMs, ...options.times };
    this.#options = options;
    this.#store = store;
    this.#now = now;
    this.#runner = new JobRunner({ store, executors, workers, times, log, now });
    this.#pruning = setInterval(() => void this.#prune(), Math.min(PRUNE_MS, ttlMs)).unref();
  }

  /**
   * Queues a job, or finds the one that its idempotency key names.
   * @throws ElucidError `queue-full`, `storage-full`, `idempotency-conflict`
   */
  async submit({ kind, owner, request, idempotencyKey }: JobSubmission): Promise<{ job: Job; created: boolean }> {
    const created = this.#now();
    const body = JSON.stringify(request);
    const idempotency = idempotencyKey === null ? null : { key: idempotencyKey, hash: requestHash(kind, request) };
    const stored = await this.#store.create(
      { id: this.#ids.next(created), kind, owner, request: body, idempotency, created },
      this.#options.maxQueued,
    );
    if (stored.created) this.#runner.wake();
    return { job: publicJob(stored.job), created: stored.created };
  }

  /** @throws ElucidError `unknown-job` */
  async get(id: string, owner: Owner): Promise<Job> {
    return publicJob(await this.#find(id, owner));
  }

  /** Newest first. */
  async list({ owner, state, limit, cursor }: JobQuery): Promise<{ jobs: Job[]; next: string | null }> {
    const page = { owner, state: state ?? null, before: cursor ?? null, now: this.#now() };
    const found = await this.#store.list({ ...page, limit: limit + 1 });
    const jobs = found.slice(0, limit);
    return { jobs: jobs.map(publicJob), next: found.length > limit ? (jobs.at(-1)?.id ?? null) : null };
  }

  /**
   * Cancels a job: it ends at once, and its executor within an iteration.
   * @throws ElucidError `unknown-job`, `already-ended`
   */
  async cancel(id: string, owner: Owner): Promise<Job> {
    await this.#find(id, owner);
    const now = this.#now();
    const cancelled = await this.#store.end(id, { state: 'cancelled' }, now, now + this.#options.ttlMs);
    if (cancelled === null) {
      const { state } = await this.#find(id, owner);
      throw new ElucidError('already-ended', `the job is ${state}; only queued and running jobs can be cancelled`);
    }
    this.#runner.cancel(id);
    return publicJob(cancelled);
  }

  /**
   * What a job gave; no output of one that failed.
   * @throws ElucidError `unknown-job`, `not-finished`, `cancelled`
   */
  async output(id: string, owner: Owner): Promise<FinishedJob> {
    const record = await this.#find(id, owner);
    if (record.state === 'cancelled') throw new ElucidError('cancelled', 'the job was cancelled: it has no result');
    if (!ENDED.has(record.state)) {
      throw new ElucidError('not-finished', `the job is ${record.state}: its result is there when it has succeeded`);
    }
    return { job: publicJob(record), output: await this.#store.output(id) };
  }

  /**
   * The events of a job with numbers above `after`, then those that come, until one that is the last of all.
   * A number that the job never gave counts as 0. A reader that is slow misses progress, never anything else.
   * @param signal ends it
   * @throws ElucidError `unknown-job`
   */
  async *events(id: string, owner: Owner, after: number, signal: AbortSignal): AsyncGenerator<JobEvent, void, void> {
    const { lastEvent } = await this.#find(id, owner);
    let seen = after > lastEvent ? 0 : after;
    const news = new News(signal);
    const unwatch = this.#store.watch(id, () => news.tell());
    try {
      while (!signal.aborted) {
        const events = await this.#store.events(id, seen, EVENTS_AT_A_TIME);
        for (const event of events) {
          yield event;
          seen = event.number;
          if (LAST_EVENTS.has(event.type)) return;
        }
        if (events.length > 0) continue;
        const record = await this.#store.get(id, this.#now());
        if (record === null || (ENDED.has(record.state) && seen >= record.lastEvent)) return;
        await news.next();
      }
    } finally {
      unwatch();
      news.close();
    }
  }

  /** Whether nothing comes after an event any more. @throws ElucidError `unknown-job` */
  async isOver(id: string, owner: Owner, after: number): Promise<boolean> {
    const { state, lastEvent } = await this.#find(id, owner);
    return ENDED.has(state) && after === lastEvent;
  }

  /** The job when it has ended, or as it is when the signal aborts. @throws ElucidError `unknown-job` */
  async ended(id: string, owner: Owner, signal: AbortSignal): Promise<Job> {
    const { lastEvent } = await this.#find(id, owner);
    for await (const _event of this.events(id, owner, lastEvent, signal)) {
      // Only the end of the stream counts.
    }
    return this.get(id, owner);
  }

  /** Leaves running jobs so that the next service goes on with them. */
  async close(): Promise<void> {
    clearInterval(this.#pruning);
    await this.#runner.stop();
    await this.#store.close();
  }

  async #find(id: string, owner: Owner): Promise<JobRecord> {
    const record = await this.#store.get(id, this.#now());
    if (record === null || record.owner !== owner) throw unknownJob(id);
    return record;
  }

  async #prune(): Promise<void> {
    try {
      await this.#store.prune(this.#now());
    } catch (error) {
      this.#options.log.error({ err: error }, 'jobs whose time is over cannot be removed');
    }
  }
}

/** Remembers that there is news until somebody asks. */
class News {
  readonly #signal: AbortSignal;
  readonly #onAbort = () => this.tell();
  #told = false;
  #wake: (() => void) | null = null;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener('abort', this.#onAbort);
  }

  tell(): void {
    this.#told = true;
    this.#wake?.();
  }

  /** Resolves when something was told since the last time. */
  async next(): Promise<void> {
    if (!this.#told && !this.#signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#wake = null;
    this.#told = false;
  }

  close(): void {
    this.#signal.removeEventListener('abort', this.#onAbort);
  }
}

function unknownJob(id: string): ElucidError {
  return new ElucidError('unknown-job', `there is no job ${JSON.stringify(id.slice(0, 100))}, or its time is over`);
}
