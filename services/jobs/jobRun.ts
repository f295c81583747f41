import { setTimeout as delay } from 'node:timers/promises';
import { ElucidError } from '../../schemas/errors.ts';
import type { JobExecutor, JobOutcome } from './executor.ts';
import { failureOf, isStorageFull } from './failure.ts';
import type { JobLog } from './jobLog.ts';
import { LatestWriter } from './latestWriter.ts';
import { ProgressReport } from './progressReport.ts';
import type { ClaimedJob, Ending, JobStore } from './store.ts';

/** How often things happen, in milliseconds. */
export interface JobTimes {
  /** Longest that a job may run, over all its runs. */
  readonly timeoutMs: number;
  /** How long an ended job is kept. */
  readonly ttlMs: number;
  readonly progressMs: number;
  readonly previewMs: number;
  readonly checkpointMs: number;
  /** Between two tries to write the end of a job while there is no room. */
  readonly retryMs: number;
}

export interface JobRunOptions {
  readonly claimed: ClaimedJob;
  /** Undefined for a kind of which this service knows nothing. */
  readonly executor: JobExecutor | undefined;
  readonly store: JobStore;
  readonly times: JobTimes;
  readonly log: JobLog;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** A job that was running in so many services when they ended is the cause of it. */
const MAX_INTERRUPTIONS = 10;

/** Workers that a job may lose in a row without a checkpoint between. */
const MAX_LOST = 1;

/** Tries to keep a result where there is no room, before the job is failed for it. */
const RESULT_TRIES = 5;

/** One run of one job, from its start or its checkpoint to its end or the stop of the service. */
export class JobRun {
  readonly id: string;
  /** Resolves when all is written. Never rejects. */
  readonly finished: Promise<void>;
  readonly #options: JobRunOptions;
  readonly #abort = new AbortController();
  readonly #stop = new AbortController();
  readonly #progress: ProgressReport;
  readonly #checkpoints: LatestWriter<Uint8Array>;
  readonly #began = performance.now();
  #checkpoint: Uint8Array | null;
  #cancelled = false;
  #complained = false;

  constructor(options: JobRunOptions) {
    const { claimed, store, times } = options;
    this.#options = options;
    this.id = claimed.job.id;
    this.#checkpoint = claimed.checkpoint;
    this.#progress = new ProgressReport({
      intervalMs: times.progressMs,
      previewMs: times.previewMs,
      write: (progress, preview) => this.#quietly(() => store.saveProgress(this.id, progress, preview)),
    });
    this.#checkpoints = new LatestWriter(times.checkpointMs, (checkpoint) =>
      this.#quietly(() => store.saveCheckpoint(this.id, checkpoint, this.#ranMs())),
    );
    this.finished = this.#run().catch((error: unknown) => {
      options.log.error(
        { err: error, job: this.id },
        'the end of a job cannot be written; the next start runs it again',
      );
    });
  }

  /** The job was cancelled: whatever comes of it is dropped. */
  cancel(): void {
    this.#cancelled = true;
    this.#abort.abort(new ElucidError('cancelled', 'the job was cancelled'));
  }

  /** The service stops: the job is left so that the next one goes on with it. */
  stop(): void {
    const reason = new ElucidError('stopping', 'the service is stopping');
    this.#stop.abort(reason);
    this.#abort.abort(reason);
  }

  /** Writes where the job stands, also while its executor does not answer. */
  async leave(): Promise<void> {
    await this.#checkpoints.flush();
    await this.#quietly(() => this.#options.store.suspend(this.id, this.#ranMs()));
  }

  async #run(): Promise<void> {
    const { claimed, times } = this.#options;
    const late = () => this.#abort.abort(tooLong(times.timeoutMs));
    const deadline = setTimeout(late, times.timeoutMs - claimed.ranMs).unref();
    const settled = await this.#execute().then(
      (ending) => ({ ending }),
      (error: unknown) => ({ error }),
    );
    clearTimeout(deadline);
    await this.#progress.flush();
    if ('error' in settled && this.#stop.signal.aborted) return this.leave();
    await this.#checkpoints.drop();
    if (this.#cancelled) return;
    await this.#record('ending' in settled ? settled.ending : this.#failed(this.#reasonOr(settled.error)));
  }

  /** Runs the executor, and again after the loss of a worker: once, and as often as there was a checkpoint in between. */
  async #execute(): Promise<Ending> {
    const { executor, claimed, log } = this.#options;
    if (executor === undefined) throw new Error(`there is no executor for jobs of kind ${claimed.job.kind}`);
    if (claimed.request === null) throw new Error('the request of the job cannot be read');
    if (claimed.interruptions > MAX_INTERRUPTIONS) throw interrupted(claimed.interruptions);
    const request: unknown = JSON.parse(claimed.request);
    for (let lost = 0; ; ) {
      const from = this.#checkpoint;
      try {
        return success(await executor(request, this.#context()));
      } catch (error) {
        if (!isWorkerLost(error) || this.#abort.signal.aborted) throw error;
        lost = this.#checkpoint === from ? lost + 1 : 1;
        if (lost > MAX_LOST) throw error;
        log.warn({ err: error, job: this.id }, 'a worker was lost; the job goes on from its last checkpoint');
      }
    }
  }

  #context() {
    return {
      signal: this.#abort.signal,
      checkpoint: this.#checkpoint,
      progress: this.#progress.tell.bind(this.#progress),
      save: (checkpoint: Uint8Array) => {
        this.#checkpoint = checkpoint;
        this.#checkpoints.put(checkpoint);
      },
    };
  }

  /** Writes the end, if the job has not ended already; while there is no room, until there is some or the service stops. */
  async #record(ending: Ending): Promise<void> {
    const { store, times, now } = this.#options;
    let next = ending;
    for (let tries = 1; ; tries += 1) {
      const finished = now();
      try {
        await store.end(this.id, next, finished, finished + times.ttlMs);
        return;
      } catch (error) {
        if (!(error instanceof ElucidError)) throw error;
        if (next.state === 'succeeded' && (!isStorageFull(error) || tries >= RESULT_TRIES)) next = this.#failed(error);
        this.#complain(error);
      }
      await delay(times.retryMs, undefined, { signal: this.#stop.signal }).catch(() => undefined);
      if (this.#stop.signal.aborted) return;
      await this.#quietly(async () => void (await store.prune(now())));
    }
  }

  #failed(error: unknown): Ending {
    const { log } = this.#options;
    const failure = failureOf(error);
    if (failure.code === 'internal') log.error({ err: error, job: this.id }, 'a job failed unexpectedly');
    else log.info({ job: this.id, code: failure.code, detail: failure.detail }, 'a job failed');
    return { state: 'failed', error: failure };
  }

  /** What the executor was aborted for, or what it threw by itself. */
  #reasonOr(error: unknown): unknown {
    return this.#abort.signal.aborted ? this.#abort.signal.reason : error;
  }

  /** The job goes on when something about it cannot be written; the log says so once. */
  async #quietly(write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      this.#complain(error);
    }
  }

  #complain(error: unknown): void {
    if (!this.#complained) this.#options.log.warn({ err: error, job: this.id }, 'the state of a job cannot be written');
    this.#complained = true;
  }

  #ranMs(): number {
    return this.#options.claimed.ranMs + performance.now() - this.#began;
  }
}

function success({ body, blobs }: JobOutcome): Ending {
  return { state: 'succeeded', body: JSON.stringify(body), blobs };
}

function isWorkerLost(error: unknown): boolean {
  return error instanceof ElucidError && error.code === 'worker-lost';
}

function tooLong(timeoutMs: number): ElucidError {
  return new ElucidError('deadline', `the job ran longer than ${timeoutMs} ms, which JOB_TIMEOUT_MS allows`);
}

function interrupted(times: number): ElucidError {
  return new ElucidError('worker-lost', `the service ended ${times} times while the job ran`);
}
