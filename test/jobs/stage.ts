import { ElucidError } from '../../schemas/errors.ts';
import type { JobContext, JobExecutor, JobOutcome } from '../../services/jobs/executor.ts';
import { Jobs, type JobsOptions } from '../../services/jobs/jobs.ts';
import type { JobStore } from '../../services/jobs/store.ts';
import { MemoryJobStore } from './memoryStore.ts';

/** One run of a job, in the hands of a test. */
export interface StagedRun {
  readonly request: unknown;
  readonly context: JobContext;
  succeed(body?: unknown): void;
  fail(error: unknown): void;
}

/** Jobs whose executor does what a test says. */
export interface Stage {
  readonly jobs: Jobs;
  readonly store: JobStore;
  /** Runs that were begun so far. */
  readonly runs: readonly StagedRun[];
  /** What was logged: levels and messages. */
  readonly log: readonly string[];
  /** The n-th run, when it has begun. */
  run(n: number): Promise<StagedRun>;
  /** Queues a job and gives its id. */
  submit(request?: unknown): Promise<string>;
  /** The job when it has ended. */
  ended(id: string): ReturnType<Jobs['get']>;
}

export async function stage(options: Partial<JobsOptions> = {}): Promise<Stage> {
  const runs: StagedRun[] = [];
  const log: string[] = [];
  const waiting: (() => void)[] = [];
  const executor: JobExecutor = (request, context) =>
    new Promise<JobOutcome>((resolve, reject) => {
      const onAbort = () => reject(new ElucidError('gone', 'aborted'));
      context.signal.addEventListener('abort', onAbort);
      runs.push({ request, context, succeed: (body = {}) => resolve({ body, blobs: {} }), fail: reject });
      for (const wake of waiting.splice(0)) wake();
    });
  const write = (level: string) => (_fields: object, message: string) => void log.push(`${level}: ${message}`);
  const store = options.store ?? new MemoryJobStore();
  const jobs = await Jobs.open({
    executors: { prototype: executor },
    ...{ workers: 1, maxQueued: 100, timeoutMs: 60_000, ttlMs: 60_000 },
    log: { info: write('info'), warn: write('warn'), error: write('error') },
    times: { progressMs: 0, previewMs: 0, checkpointMs: 0, retryMs: 1 },
    ...options,
    store,
  });
  return {
    ...{ jobs, store, runs, log },
    run: async (n) => {
      for (;;) {
        const found = runs[n];
        if (found !== undefined) return found;
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
    },
    submit: async (request = {}) =>
      (await jobs.submit({ kind: 'prototype', owner: null, request, idempotencyKey: null })).job.id,
    ended: (id) => jobs.ended(id, null, new AbortController().signal),
  };
}

/** Lets everything happen that waits for nothing but its turn. */
export async function settled(): Promise<void> {
  for (let turns = 0; turns < 50; turns += 1) await new Promise((resolve) => setImmediate(resolve));
}
