import { Tinypool } from 'tinypool';
import type { Watched } from './watchdog.ts';
import { revivedError, workerArguments, workerEnvironment } from './workerStart.ts';

export interface PoolWorkerOptions<Task> {
  /** The worker's module; its default export takes a task and returns the result. */
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

/** Pings that get through whatever else a process holds: a probe, and one that wakes tinypool. */
const PINGS = 2;

/** A process died while it worked on a task, or was ended. */
export class WorkerLost extends Error {}

/** One child process that runs tasks; when it dies, tinypool starts another in its place. */
export class PoolWorker<Task, Result> implements Omit<Watched, 'recycle'> {
  private readonly pool: Tinypool;
  private readonly pingTask: () => Task;
  private readonly giveUp = new Set<(lost: WorkerLost) => void>();
  private readonly idle: (() => void)[] = [];
  private failedStarts = 0;
  private probing = false;
  private closing: Promise<void> | null = null;
  private running = 0;
  private answered = 0;

  constructor({ module, tasksPerWorker, setup, ping }: PoolWorkerOptions<Task>) {
    this.pingTask = ping;
    this.pool = new Tinypool({
      filename: module.href,
      runtime: 'child_process',
      serialization: 'advanced',
      minThreads: 1,
      maxThreads: 1,
      concurrentTasksPerWorker: tasksPerWorker + PINGS,
      isolateWorkers: false,
      execArgv: workerArguments(module),
      env: workerEnvironment(setup),
    });
    // A process that dies while it has no task is an 'error' of the pool; unheard, it would end us.
    this.pool.on('error', () => this.replace());
  }

  get pid(): number | null {
    return this.pool.threads[0]?.threadId ?? null;
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
    await this.attempt(this.pingTask());
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
    this.closing ??= this.pool.destroy();
    return this.closing;
  }

  /** tinypool rejects with an Error of its own when a process dies, and with plain data for what a task threw. */
  private async attempt(task: Task): Promise<Result> {
    if (this.closing !== null) throw new WorkerLost('the worker was ended');
    let giveUp: (lost: WorkerLost) => void = () => undefined;
    const givenUp = new Promise<never>((_, reject) => {
      giveUp = reject;
    });
    this.giveUp.add(giveUp);
    try {
      const result = (await Promise.race([this.pool.run(task), givenUp])) as Result;
      this.failedStarts = 0;
      this.answered += 1;
      return result;
    } catch (thrown) {
      if (thrown instanceof WorkerLost) throw thrown;
      this.answered += 1;
      if (!(thrown instanceof Error)) throw revivedError(thrown);
      this.wake();
      throw new WorkerLost(thrown.message);
    } finally {
      this.giveUp.delete(giveUp);
    }
  }

  private replace(): void {
    if (this.pool.queueSize === 0) return;
    this.failedStarts += 1;
    if (this.failedStarts <= FAILED_STARTS) {
      this.wake();
    } else {
      this.failedStarts = 0;
      for (const giveUp of [...this.giveUp]) giveUp(new WorkerLost('workers die while they start'));
    }
  }

  /**
   * After a process died while it started, tinypool starts another only when a task comes, and those that wait already
   * go on waiting: this is such a task.
   */
  private wake(): void {
    if (this.closing !== null || this.pool.queueSize === 0) return;
    void this.ping().catch(() => undefined);
  }
}
