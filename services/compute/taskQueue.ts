import { ElucidError } from '../../schemas/errors.ts';

export interface TaskQueueOptions<Task, Result> {
  /** Batches that may run at once: free workers times the tasks each may hold. */
  readonly slots: number;
  /** Most tasks that wait; one more is refused. */
  readonly maxWaiting: number;
  /** Most rows that run together. */
  readonly maxRows: number;
  /** Longest from submission to result, in milliseconds. */
  readonly timeoutMs: number;
  /** Runs tasks of one key together; as many results, in the same order. */
  run(tasks: readonly Task[]): Promise<readonly Result[]>;
}

export interface Submission {
  /** Tasks of equal keys may run together. */
  readonly key: string;
  /** Rows of a batch that the task takes. */
  readonly rows: number;
  /** Longest from submission to result, in milliseconds; default: the queue's. */
  readonly timeoutMs?: number | undefined;
  /** Aborted when nobody waits for the result any more. */
  readonly signal: AbortSignal;
}

export interface Finished<Result> {
  readonly result: Result;
  /** Milliseconds from submission to the start of the run. */
  readonly waitedMs: number;
  /** Rows that ran together. */
  readonly rows: number;
}

interface Entry<Task, Result> extends Submission {
  readonly task: Task;
  readonly submitted: number;
  resolve(finished: Finished<Result>): void;
  reject(error: unknown): void;
}

/**
 * The queue in front of a worker pool. A slot that is free pulls: the oldest task, and with it the waiting tasks of the
 * same key, oldest first, as long as they fit. Tasks of more rows than one run holds take many runs: where there are several
 * slots, they leave one to the others. Tasks whose client has gone, or that waited too long, leave the queue.
 */
export class TaskQueue<Task, Result> {
  private readonly options: TaskQueueOptions<Task, Result>;
  private waiting: Entry<Task, Result>[] = [];
  private running = 0;
  private runningLong = 0;
  private closed = false;

  constructor(options: TaskQueueOptions<Task, Result>) {
    this.options = options;
  }

  /** @throws ElucidError `queue-full`, `deadline`, `gone`, `stopping`, or what the run throws */
  submit(task: Task, submission: Submission): Promise<Finished<Result>> {
    if (this.closed) return Promise.reject(new ElucidError('stopping', 'the service is stopping'));
    if (submission.signal.aborted) return Promise.reject(gone());
    const { maxWaiting } = this.options;
    const timeoutMs = submission.timeoutMs ?? this.options.timeoutMs;
    if (this.waiting.length >= maxWaiting) {
      return Promise.reject(new ElucidError('queue-full', `${maxWaiting} requests are waiting already`));
    }
    return new Promise((resolve, reject) => {
      const settle = () => {
        clearTimeout(timer);
        submission.signal.removeEventListener('abort', leave);
        this.waiting = this.waiting.filter((other) => other !== entry);
      };
      const entry: Entry<Task, Result> = {
        ...submission,
        task,
        submitted: performance.now(),
        resolve: (finished) => {
          settle();
          resolve(finished);
        },
        reject: (error) => {
          settle();
          reject(error);
        },
      };
      const leave = () => entry.reject(gone());
      const late = () => entry.reject(new ElucidError('deadline', `no result within ${timeoutMs} ms`));
      const timer = setTimeout(late, timeoutMs);
      submission.signal.addEventListener('abort', leave, { once: true });
      this.waiting.push(entry);
      this.pull();
    });
  }

  /** Number of tasks that wait for a slot. */
  get length(): number {
    return this.waiting.length;
  }

  /** Refuses what waits and what comes; runs in flight go on. */
  close(): void {
    this.closed = true;
    for (const entry of [...this.waiting]) entry.reject(new ElucidError('stopping', 'the service is stopping'));
  }

  private pull(): void {
    while (this.running < this.options.slots) {
      const batch = this.nextBatch();
      if (batch.length === 0) return;
      const long = batch.some((entry) => this.isLong(entry)) ? 1 : 0;
      this.running += 1;
      this.runningLong += long;
      void this.runBatch(batch).finally(() => {
        this.running -= 1;
        this.runningLong -= long;
        this.pull();
      });
    }
  }

  private nextBatch(): readonly Entry<Task, Result>[] {
    const mayBeLong = this.runningLong < Math.max(1, this.options.slots - 1);
    const head = this.waiting.find((entry) => mayBeLong || !this.isLong(entry));
    if (head === undefined) return [];
    const batch: Entry<Task, Result>[] = [];
    let rows = 0;
    for (const entry of this.waiting) {
      if (entry !== head && (entry.key !== head.key || rows + entry.rows > this.options.maxRows)) continue;
      batch.push(entry);
      rows += entry.rows;
    }
    const taken = new Set(batch);
    this.waiting = this.waiting.filter((entry) => !taken.has(entry));
    return batch;
  }

  /** Whether a task takes more than one run. */
  private isLong({ rows }: Submission): boolean {
    return rows > this.options.maxRows;
  }

  private async runBatch(batch: readonly Entry<Task, Result>[]): Promise<void> {
    const started = performance.now();
    const rows = batch.reduce((sum, entry) => sum + entry.rows, 0);
    try {
      const results = await this.options.run(batch.map(({ task }) => task));
      batch.forEach((entry, i) => {
        const result = results[i];
        if (result === undefined) entry.reject(new Error('a run returned too few results'));
        else entry.resolve({ result, waitedMs: started - entry.submitted, rows });
      });
    } catch (error) {
      for (const entry of batch) entry.reject(error);
    }
  }
}

function gone(): ElucidError {
  return new ElucidError('gone', 'the client has gone');
}
