import type { ToldByWorker } from './serveTasks.ts';
import type { Watched } from './watchdog.ts';
import { WorkerProcess } from './workerProcess.ts';
import { revivedError } from './workerStart.ts';

export interface PoolWorkerOptions<Task> {
  /** The worker's module; its default export is made by `serveTasks`. */
  readonly module: URL;
  /** Tasks that it holds at a time: two hide the way between the processes. */
  readonly tasksPerWorker: number;
  /** Plain data for the process, read by `workerSetup`. */
  readonly setup: unknown;
  /** A task that does nothing. */
  readonly ping: () => Task;
}

/** A process may die so many times while it starts; then what waits for it is given up. */
const FAILED_STARTS = 5;

/** A process died while it worked on a task, or was ended. */
export class WorkerLost extends Error {}

interface Attempt<Task, Result> {
  readonly task: Task;
  resolve(result: Result): void;
  reject(error: unknown): void;
}

/** One child process that runs tasks; when it dies, another takes its place. */
export class PoolWorker<Task, Result> implements Omit<Watched, 'recycle'> {
  private readonly options: PoolWorkerOptions<Task>;
  private process: WorkerProcess<Task, Result> | null = null;
  private isServing = false;
  private failedStarts = 0;
  /** What the process works on, by number. */
  private readonly sent = new Map<number, Attempt<Task, Result>>();
  /** What waits for a process that serves. */
  private readonly waiting: Attempt<Task, Result>[] = [];
  private readonly idle: (() => void)[] = [];
  private lastId = 0;
  private probing = false;
  private closing: Promise<void> | null = null;
  private running = 0;
  private answered = 0;

  constructor(options: PoolWorkerOptions<Task>) {
    this.options = options;
    this.start();
  }

  get pid(): number | null {
    return this.process?.pid ?? null;
  }

  get tasks(): number {
    return this.running;
  }

  get signs(): number {
    return this.answered;
  }

  get owes(): boolean {
    return this.running > 0 || this.probing;
  }

  /** @throws ElucidError what the worker threw; WorkerLost when its process died, or was ended by `close` */
  async run(task: Task): Promise<Result> {
    this.running += 1;
    try {
      return await this.attempt(task);
    } finally {
      this.running -= 1;
      if (this.running === 0) for (const wake of this.idle.splice(0)) wake();
    }
  }

  /** Waits until the process answers. @throws WorkerLost */
  async ping(): Promise<void> {
    await this.attempt(this.options.ping());
  }

  probe(): void {
    if (this.probing || this.closing !== null) return;
    this.probing = true;
    this.ping()
      // A process that is lost is started anew.
      .catch(() => undefined)
      .finally(() => {
        this.probing = false;
      });
  }

  /** Resolves when no task runs. */
  whenIdle(): Promise<void> {
    return this.running === 0 ? Promise.resolve() : new Promise((resolve) => this.idle.push(resolve));
  }

  /** Ends the process, also one that is stopped. What it works on is lost. */
  close(): Promise<void> {
    this.closing ??= this.process?.end() ?? Promise.resolve();
    this.giveUp([...this.takeSent(), ...this.waiting.splice(0)], 'the worker was ended');
    return this.closing;
  }

  private attempt(task: Task): Promise<Result> {
    if (this.closing !== null) return Promise.reject(new WorkerLost('the worker was ended'));
    return new Promise((resolve, reject) => {
      const attempt = { task, resolve, reject };
      if (this.isServing) {
        this.send(attempt);
        return;
      }
      this.waiting.push(attempt);
      if (this.process === null) this.start();
    });
  }

  private start(): void {
    this.process = new WorkerProcess<Task, Result>(this.options, {
      onTold: (told) => this.hear(told),
      onLost: (reason) => this.replace(reason),
    });
  }

  private send(attempt: Attempt<Task, Result>): void {
    this.lastId += 1;
    this.sent.set(this.lastId, attempt);
    this.process?.send({ id: this.lastId, task: attempt.task });
  }

  private hear(told: ToldByWorker<Result>): void {
    if (told.kind === 'serving') {
      this.isServing = true;
      this.failedStarts = 0;
      for (const attempt of this.waiting.splice(0)) this.send(attempt);
      return;
    }
    const attempt = this.sent.get(told.id);
    if (attempt === undefined) return;
    this.sent.delete(told.id);
    this.answered += 1;
    if (told.kind === 'done') attempt.resolve(told.result);
    else attempt.reject(revivedError(told.error));
  }

  /** A process that never served is tried again only for what waits for it, and not for ever. */
  private replace(reason: string): void {
    const served = this.isServing;
    this.process = null;
    this.isServing = false;
    this.giveUp(this.takeSent(), reason);
    if (!served) this.failedStarts += 1;
    if (this.failedStarts > FAILED_STARTS) {
      this.failedStarts = 0;
      this.giveUp(this.waiting.splice(0), 'workers die while they start');
    }
    // What was given up may have come back already, and started one.
    if (this.process === null && (served || this.waiting.length > 0)) this.start();
  }

  private takeSent(): readonly Attempt<Task, Result>[] {
    const sent = [...this.sent.values()];
    this.sent.clear();
    return sent;
  }

  private giveUp(attempts: readonly Attempt<Task, Result>[], reason: string): void {
    for (const { reject } of attempts) reject(new WorkerLost(reason));
  }
}
