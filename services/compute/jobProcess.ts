import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import { ElucidError } from '../../schemas/errors.ts';
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
export class JobProcess<Task, Report, Result> {
  private readonly options: JobProcessOptions;
  private child: ChildProcess | null = null;

  constructor(options: JobProcessOptions) {
    this.options = options;
  }

  /** Its process id; null while there is none. */
  get pid(): number | null {
    return this.child?.pid ?? null;
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
      const settle = (end: () => void) => {
        clearTimeout(grace);
        signal.removeEventListener('abort', cancel);
        child.off('message', listen).off('exit', lost).off('error', broken);
        end();
      };
      const listen = (message: unknown) => {
        const reply = message as FromJob<Report, Result>;
        if (reply.kind === 'report') return onReport(reply.report);
        if (reply.kind === 'done') return settle(() => resolve(reply.result));
        settle(() => reject(signal.aborted ? signal.reason : revivedError(reply.error)));
      };
      const lost = (code: number | null, killedBy: NodeJS.Signals | null) =>
        settle(() => reject(signal.aborted ? signal.reason : workerLost(code, killedBy)));
      const broken = (error: Error) => settle(() => reject(error));
      const cancel = () => {
        child.send({ kind: 'cancel' } satisfies ToJob<Task>, () => undefined);
        grace = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
      };
      child.on('message', listen).on('exit', lost).on('error', broken);
      signal.addEventListener('abort', cancel, { once: true });
      // A process that is gone already is told of by its exit.
      child.send({ kind: 'run', task } satisfies ToJob<Task>, () => undefined);
    });
  }

  /** Ends the process, if there is one. */
  async close(): Promise<void> {
    const { child } = this;
    if (child === null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }

  private async started(): Promise<ChildProcess> {
    if (this.child !== null) return this.child;
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
    });
    setPriority(child.pid, NICENESS);
    this.child = child;
    return child;
  }
}

function workerLost(code: number | null, killedBy: NodeJS.Signals | null): ElucidError {
  const how = killedBy === null ? `exit code ${code}` : `signal ${killedBy}`;
  return new ElucidError('worker-lost', `the process that worked on the job ended with ${how}`);
}
