import { Tinypool } from 'tinypool';
import { ElucidError } from '../../schemas/errors.ts';
import { revivedError, workerArguments, workerEnvironment } from './workerStart.ts';

export interface WorkerPoolOptions {
  /** The worker's module; its default export takes a task and returns the result. */
  readonly module: URL;
  readonly workers: number;
  /** Tasks that one worker holds at a time: two hide the way between the processes. */
  readonly tasksPerWorker: number;
  /** Plain data for the workers, read by `workerSetup`. */
  readonly setup: unknown;
}

/**
 * Child processes that run tasks. A process that dies costs its tasks one retry in another process; the pool starts a
 * new one in its place.
 */
export class WorkerPool<Task, Result> {
  private readonly pool: Tinypool;

  constructor({ module, workers, tasksPerWorker, setup }: WorkerPoolOptions) {
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
    // A worker that dies while it has no task is an 'error' of the pool, which replaces it; unheard, it would end us.
    this.pool.on('error', () => undefined);
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
    await this.pool.destroy();
  }

  /** tinypool rejects with an Error of its own when a process dies, and with plain data for what a task threw. */
  private async attempt(task: Task): Promise<Result> {
    try {
      return (await this.pool.run(task)) as Result;
    } catch (thrown) {
      if (thrown instanceof Error) throw new WorkerLost(thrown.message);
      throw revivedError(thrown);
    }
  }
}

class WorkerLost extends Error {}
