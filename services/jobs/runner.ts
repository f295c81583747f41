import { setTimeout as delay } from 'node:timers/promises';
import type { JobExecutors } from './executor.ts';
import type { JobLog } from './jobLog.ts';
import { JobRun, type JobTimes } from './jobRun.ts';
import type { ClaimedJob, JobStore } from './store.ts';

export interface JobRunnerOptions {
  readonly store: JobStore;
  readonly executors: JobExecutors;
  /** Jobs that run at a time. */
  readonly workers: number;
  readonly times: JobTimes;
  readonly log: JobLog;
  readonly now: () => number;
}

/** How long a stop waits for executors to save where they stand. */
const STOP_MS = 2000;

/** Runs the jobs of a store: first those that were running when an earlier service ended, then the oldest that is queued. */
export class JobRunner {
  readonly #options: JobRunnerOptions;
  readonly #running = new Map<string, JobRun>();
  /** Jobs that were cancelled while they were on their way here. */
  readonly #cancelled = new Set<string>();
  #interrupted: string[] = [];
  #pulling: Promise<void> | null = null;
  #again = false;
  #stopping = false;
  #retry: NodeJS.Timeout | null = null;

  constructor(options: JobRunnerOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    this.#interrupted = [...(await this.#options.store.interrupted())];
    this.wake();
  }

  /** Looks for jobs that can run: to be called when one was queued. */
  wake(): void {
    this.#again = true;
    this.#pulling ??= this.#pull().finally(() => {
      this.#pulling = null;
      this.#cancelled.clear();
      // Somebody may have called between the last look and this.
      if (this.#again) this.wake();
    });
  }

  /** Tells a running job that it was cancelled. */
  cancel(id: string): void {
    const run = this.#running.get(id);
    if (run !== undefined) run.cancel();
    else if (this.#pulling !== null) this.#cancelled.add(id);
  }

  /** Leaves running jobs so that the next start goes on with them. */
  async stop(): Promise<void> {
    this.#stopping = true;
    if (this.#retry !== null) clearTimeout(this.#retry);
    await this.#pulling;
    const runs = [...this.#running.values()];
    for (const run of runs) run.stop();
    const late = new AbortController();
    await Promise.race([
      Promise.all(runs.map(({ finished }) => finished)),
      delay(STOP_MS, undefined, { signal: late.signal }).catch(() => undefined),
    ]);
    late.abort();
    await Promise.all([...this.#running.values()].map((run) => run.leave()));
  }

  async #pull(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      try {
        while (!this.#stopping && this.#running.size < this.#options.workers) {
          const claimed = await this.#next();
          if (claimed === null) break;
          if (!this.#cancelled.has(claimed.job.id)) this.#run(claimed);
        }
      } catch (error) {
        this.#tryLater(error);
      }
    }
  }

  async #next(): Promise<ClaimedJob | null> {
    const { store, now } = this.#options;
    for (let id = this.#interrupted[0]; id !== undefined; id = this.#interrupted[0]) {
      const claimed = await store.resume(id);
      this.#interrupted.shift();
      if (claimed !== null) return claimed;
    }
    return store.claim(now());
  }

  #run(claimed: ClaimedJob): void {
    const { store, executors, times, log, now } = this.#options;
    const run = new JobRun({ claimed, executor: executors[claimed.job.kind], store, times, log, now });
    this.#running.set(run.id, run);
    run.finished.then(() => {
      this.#running.delete(run.id);
      this.wake();
    });
  }

  /** No job can be started now: the store cannot be written. */
  #tryLater(error: unknown): void {
    const { log, times } = this.#options;
    log.error({ err: error }, 'no job can be started');
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#retry = this.#stopping ? null : setTimeout(() => this.wake(), times.retryMs);
  }
}
