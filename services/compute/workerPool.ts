import { setTimeout as delay } from 'node:timers/promises';
import { ElucidError } from '../../schemas/errors.ts';
import { PoolWorker, type PoolWorkerOptions, WorkerLost } from './poolWorker.ts';
import { Watchdog, type Watched, type WatchOptions } from './watchdog.ts';

export interface WorkerPoolOptions<Task> extends PoolWorkerOptions<Task> {
  /** What the workers are called in the log. */
  readonly name: string;
  readonly workers: number;
  /** Default: nobody looks at their memory. */
  readonly watch?: WatchOptions;
}

interface Waiting<Task, Result> {
  readonly task: Task;
  resolve(result: Result): void;
  reject(error: unknown): void;
}

/** Longest that a process may take to start before it is given up. */
const START_MS = 60_000;

/**
 * Child processes that run tasks. A process that dies costs its tasks one retry in another process; the pool starts a
 * new one in its place.
 */
export class WorkerPool<Task, Result> {
  private readonly options: WorkerPoolOptions<Task>;
  private readonly watchdog: Watchdog | null;
  /** Those that get tasks. */
  private readonly workers: PoolWorker<Task, Result>[];
  /** Those that are replaced, or are to replace another. */
  private readonly others = new Set<PoolWorker<Task, Result>>();
  private readonly waiting: Waiting<Task, Result>[] = [];
  private closed = false;

  constructor(options: WorkerPoolOptions<Task>) {
    const { name, workers, watch } = options;
    this.options = options;
    this.workers = Array.from({ length: workers }, () => new PoolWorker<Task, Result>(options));
    const watched = () => this.workers.map((worker) => this.watched(worker));
    this.watchdog = watch === undefined ? null : new Watchdog(name, watch, watched);
  }

  /** @throws ElucidError what the worker threw, `stopping`, or `worker-lost` when two processes died over the task */
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

  /**
   * Waits until every worker answered a ping, whatever else it works on.
   * @throws ElucidError `worker-lost` when two processes died over it
   */
  async ping(): Promise<void> {
    const pingTwice = (worker: PoolWorker<Task, Result>) =>
      worker.ping().catch((error: unknown) => {
        if (!(error instanceof WorkerLost)) throw error;
        return worker.ping();
      });
    try {
      await Promise.all(this.workers.map(pingTwice));
    } catch (error) {
      throw error instanceof WorkerLost ? new ElucidError('worker-lost', error.message) : error;
    }
  }

  /** Process ids of the workers that get tasks now. */
  get processes(): readonly number[] {
    return this.workers.map(({ pid }) => pid).filter((pid) => pid !== null);
  }

  async close(): Promise<void> {
    this.closed = true;
    this.watchdog?.stop();
    for (const { reject } of this.waiting.splice(0)) reject(stopping());
    await Promise.all([...this.workers, ...this.others].map((worker) => worker.close()));
  }

  private attempt(task: Task): Promise<Result> {
    if (this.closed) return Promise.reject(stopping());
    return new Promise((resolve, reject) => {
      this.waiting.push({ task, resolve, reject });
      this.dispatch();
    });
  }

  /** Gives the tasks that wait to the workers with the fewest. */
  private dispatch(): void {
    for (;;) {
      const [worker, ...rest] = this.workers.filter(({ tasks }) => tasks < this.options.tasksPerWorker);
      if (worker === undefined) return;
      const next = this.waiting.shift();
      if (next === undefined) return;
      const freest = rest.reduce((least, other) => (other.tasks < least.tasks ? other : least), worker);
      freest
        .run(next.task)
        .finally(() => this.dispatch())
        .then(next.resolve, next.reject);
    }
  }

  private watched(worker: PoolWorker<Task, Result>): Watched {
    const { pid, tasks, signs, owes } = worker;
    return {
      pid,
      tasks,
      signs,
      owes,
      probe: () => worker.probe(),
      recycle: (graceMs) => this.replace(worker, graceMs),
    };
  }

  /** Has a fresh worker take the place of another as soon as it answers, and ends the other. @throws WorkerLost */
  private async replace(worker: PoolWorker<Task, Result>, graceMs: number): Promise<void> {
    const place = this.workers.indexOf(worker);
    if (this.closed || place < 0) return;
    const fresh = new PoolWorker<Task, Result>(this.options);
    this.others.add(fresh);
    try {
      await within(START_MS, fresh.ping());
    } catch (error) {
      this.others.delete(fresh);
      await fresh.close();
      throw error;
    }
    this.others.delete(fresh);
    this.workers[place] = fresh;
    this.others.add(worker);
    this.dispatch();
    const idle = new AbortController();
    const grace = delay(graceMs, undefined, { signal: idle.signal, ref: false }).catch(() => undefined);
    await Promise.race([worker.whenIdle(), grace]);
    idle.abort();
    await worker.close();
    this.others.delete(worker);
  }
}

function stopping(): ElucidError {
  return new ElucidError('stopping', 'the service is stopping');
}

async function within(ms: number, started: Promise<void>): Promise<void> {
  const over = new AbortController();
  const late = delay(ms, undefined, { signal: over.signal, ref: false }).then(() => {
    throw new WorkerLost(`a worker did not start within ${ms} ms`);
  });
  try {
    await Promise.race([started, late]);
  } finally {
    over.abort();
    late.catch(() => undefined);
  }
}
