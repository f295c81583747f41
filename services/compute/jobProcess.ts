import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setPriority } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ElucidError } from '../../schemas/errors.ts';
import type { Watched } from './watchdog.ts';
import { revivedError, workerArguments, workerEnvironment } from './workerStart.ts';

/** What goes to a job's process. */
export type ToJob<Task> = { readonly kind: 'run'; readonly task: Task } | { readonly kind: 'cancel' };

/** What comes from it: reports while it works, then the end. */
export type FromJob<Report, Result> =
  | { readonly kind: 'report'; readonly report: Report }
  | { readonly kind: 'done'; readonly result: Result }
  | { readonly kind: 'failed'; readonly error: unknown };

export interface JobProcessOptions {
  /** The process's module; it calls `serveJobs`. */
  readonly module: URL;
  /** Plain data for the process, read by `workerSetup`. */
  readonly setup: unknown;
}

export interface JobHooks<Report> {
  /** Aborted when the job is to be cancelled. */
  readonly signal: AbortSignal;
  onReport(report: Report): void;
}

/** Milliseconds that a job has for noticing that it was cancelled, before its process is killed. */
const GRACE_MS = 10_000;

/** Below everything interactive; see nice(2). */
const NICENESS = 10;

/**
 * One child process that works on one job at a time, at a lower priority than everything else. It starts with the first
 * job, and again with the next one after it died.
 */
export class JobProcess<Task, Report, Result> implements Watched {
  private readonly options: JobProcessOptions;
  private child: ChildProcess | null = null;
  /** One that gets no further job. */
  private retiring: ChildProcess | null = null;
  /** The job that runs: ends it with a last report. */
  private current: { readonly giveUp: (graceMs: number) => void; readonly ended: Promise<void> } | null = null;
  private heard = 0;

  constructor(options: JobProcessOptions) {
    this.options = options;
  }

  /** Its process id; null while there is none. */
  get pid(): number | null {
    return this.child?.pid ?? null;
  }

  get tasks(): number {
    return this.current === null ? 0 : 1;
  }

  get signs(): number {
    return this.heard;
  }

  get owes(): boolean {
    return this.current !== null;
  }

  /** Between jobs the process has nothing to do that could be asked for. */
  probe(): void {}

  /** The next job gets another process. One that runs may end in this one, or be taken over from its last report. */
  async recycle(graceMs: number): Promise<void> {
    const { child, current } = this;
    if (child === null) return;
    this.retiring = child;
    const exited = once(child, 'exit');
    if (current !== null && graceMs > 0) {
      const late = new AbortController();
      const waited = delay(graceMs, true, { signal: late.signal, ref: false }).catch(() => false);
      const isLate = await Promise.race([current.ended.then(() => false), waited]);
      late.abort();
      if (isLate) current.giveUp(GRACE_MS);
      await current.ended;
    }
    child.kill('SIGKILL');
    await exited;
  }

  /**
   * Works on a job to its end. Not to be called while it works on another.
   * @throws ElucidError what the job threw, or `worker-lost` naming the signal or exit code, or why no process could be
   *   started; the signal's reason when it was cancelled
   */
  async run(task: Task, { signal, onReport }: JobHooks<Report>): Promise<Result> {
    signal.throwIfAborted();
    const child = await this.started();
    signal.throwIfAborted();
    return new Promise<Result>((resolve, reject) => {
      let grace: NodeJS.Timeout | undefined;
      let ended = () => {};
      let isGivenUp = false;
      const settle = (end: () => void) => {
        this.current = null;
        ended();
        clearTimeout(grace);
        signal.removeEventListener('abort', cancel);
        child.off('message', listen).off('exit', lost).off('error', broken);
        end();
      };
      const listen = (message: unknown) => {
        const reply = message as FromJob<Report, Result>;
        this.heard += 1;
        if (reply.kind === 'report') return onReport(reply.report);
        if (reply.kind === 'done') return settle(() => resolve(reply.result));
        if (signal.aborted) return settle(() => reject(signal.reason));
        settle(() => reject(isGivenUp ? givenUp() : revivedError(reply.error)));
      };
      const lost = (code: number | null, killedBy: NodeJS.Signals | null) =>
        settle(() => reject(signal.aborted ? signal.reason : workerLost(code, killedBy)));
      const broken = (error: Error) => settle(() => reject(error));
      const stop = (graceMs: number) => {
        child.send({ kind: 'cancel' } satisfies ToJob<Task>, () => undefined);
        clearTimeout(grace);
        grace = setTimeout(() => child.kill('SIGKILL'), graceMs);
      };
      const cancel = () => stop(GRACE_MS);
      const giveUp = (graceMs: number) => {
        isGivenUp = true;
        stop(graceMs);
      };
      this.current = {
        giveUp,
        ended: new Promise((resolve) => {
          ended = resolve;
        }),
      };
      child.on('message', listen).on('exit', lost).on('error', broken);
      signal.addEventListener('abort', cancel, { once: true });
      // A process that is gone already is told of by its exit.
      child.send({ kind: 'run', task } satisfies ToJob<Task>, () => undefined);
    });
  }

  /** Ends the process, if there is one. */
  async close(): Promise<void> {
    const running = new Set([this.child, this.retiring].filter((child) => child !== null));
    await Promise.all(
      [...running].map((child) => {
        const ended = once(child, 'exit');
        child.kill('SIGKILL');
        return ended;
      }),
    );
  }

  private async started(): Promise<ChildProcess> {
    if (this.child !== null && this.child !== this.retiring) return this.child;
    const { module, setup } = this.options;
    const child = fork(fileURLToPath(module), [], {
      execArgv: workerArguments(module),
      env: workerEnvironment(setup),
      serialization: 'advanced',
    });
    if (child.pid === undefined) {
      const [error] = await once(child, 'error');
      throw new ElucidError('worker-lost', `the process for the job could not be started: ${error.code}`);
    }
    child.once('exit', () => {
      if (this.child === child) this.child = null;
      if (this.retiring === child) this.retiring = null;
    });
    setPriority(child.pid, NICENESS);
    this.child = child;
    return child;
  }
}

function givenUp(): ElucidError {
  return new ElucidError('worker-lost', 'the process that worked on the job used too much memory');
}

function workerLost(code: number | null, killedBy: NodeJS.Signals | null): ElucidError {
  const how = killedBy === null ? `exit code ${code}` : `signal ${killedBy}`;
  return new ElucidError('worker-lost', `the process that worked on the job ended with ${how}`);
}
