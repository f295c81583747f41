import { Tinypool } from 'tinypool';
import { ElucidError } from '../../schemas/errors.ts';
import { revivedError, workerArguments, workerEnvironment } from './workerStart.ts';

export interface WorkerPoolOptions<Task> {
  /** The worker's module; its default export takes a task and returns the result. */
  readonly module: URL;
  readonly workers: number;
  /** Tasks that one worker holds at a time: two hide the way between the processes. */
  readonly tasksPerWorker: number;
  /** Plain data for the workers, read by `workerSetup`. */
  readonly setup: unknown;
  /** A task that does nothing. */
  readonly ping: Task;
}

/** So many workers may die one after another while they start; then what waits for one is given up. */
const FAILED_STARTS = 5;

/**
 * Child processes that run tasks. A process that dies costs its tasks one retry in another process; the pool starts a
 * new one in its place.
 */
export class WorkerPool<Task, Result> {
  private readonly pool: Tinypool;
  private readonly ping: Task;
  private readonly giveUp = new Set<(lost: WorkerLost) => void>();
  private failedStarts = 0;
  private closed = false;

  constructor({ module, workers, tasksPerWorker, setup, ping }: WorkerPoolOptions<Task>) {
    this.ping = ping;
    this.pool = new Tinypool({
      filename: module.href,
      runtime: 'child_process',
      serialization: 'advanced',
      minThreads: workers,
      maxThreads: workers,
      concurrentTasksPerWorker: tasksPerWorker,
      isolateWorkers: false,
      execArgv: workerArguments(module),
      env: workerEnvironment(setup),
    });
    // A worker that dies while it has no task is an 'error' of the pool; unheard, it would end us.
    this.pool.on('error', () => this.replace());
  }

  /** @throws ElucidError what the worker threw, or `worker-lost` when two processes died over the task */
  async run(task: Task): Promise<Result> {
    try {
      return await this.attempt(task);
    } catch (error) {
      if (!(error instanceof WorkerLost)) throw error;
    }
    try {
      return await this.attempt(task);
    } catch (error) {
      if (!(error instanceof WorkerLost)) throw error;
      throw new ElucidError('worker-lost', 'two worker processes died while they worked on this request');
    }
  }

  /** Process ids of the workers that run now. */
  get processes(): readonly number[] {
    return this.pool.threads.map(({ threadId }) => threadId);
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.pool.destroy();
  }

  /** tinypool rejects with an Error of its own when a process dies, and with plain data for what a task threw. */
  private async attempt(task: Task): Promise<Result> {
    let giveUp: (lost: WorkerLost) => void = () => undefined;
    const givenUp = new Promise<never>((_, reject) => {
      giveUp = reject;
    });
    this.giveUp.add(giveUp);
    try {
      const result = (await Promise.race([this.pool.run(task), givenUp])) as Result;
      this.failedStarts = 0;
      return result;
    } catch (thrown) {
      if (thrown instanceof WorkerLost) throw thrown;
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
   * After a worker died while it started, tinypool starts another only when a task comes, and those that wait already
   * go on waiting: this is such a task.
   */
  private wake(): void {
    if (this.closed || this.pool.queueSize === 0) return;
    void this.attempt(this.ping).catch(() => undefined);
  }
}

class WorkerLost extends Error {}
