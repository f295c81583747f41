import { JobProcess } from '../jobProcess.ts';
import { Watchdog, type WatchOptions } from '../watchdog.ts';
import type { PrototypeReply, PrototypeReport, PrototypeSetup, PrototypeTask } from './prototypeTask.ts';

export interface PrototypePoolOptions extends PrototypeSetup {
  /** Jobs that run at a time, each in a process of its own. */
  readonly workers: number;
  readonly watch: WatchOptions;
}

type Process = JobProcess<PrototypeTask, PrototypeReport, PrototypeReply>;

/** The `jobs` processes. Each starts with the first job that needs it. */
export class PrototypePool {
  private readonly free: Process[];
  private readonly all: readonly Process[];
  private readonly watchdog: Watchdog;
  private readonly waiting: ((process: Process) => void)[] = [];

  constructor({ workers, watch, ...setup }: PrototypePoolOptions) {
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const module = new URL(`./prototypeWorker.${extension}`, import.meta.url);
    this.all = Array.from({ length: workers }, () => new JobProcess({ module, setup }));
    this.free = [...this.all];
    this.watchdog = new Watchdog('jobs', watch, () => this.all);
  }

  /** Process ids of those that run. */
  get processes(): readonly number[] {
    return this.all.map(({ pid }) => pid).filter((pid) => pid !== null);
  }

  /** @throws ElucidError what the job threw, or `worker-lost`; the signal's reason when it was cancelled */
  async run(
    task: PrototypeTask,
    hooks: { readonly signal: AbortSignal; onReport(report: PrototypeReport): void },
  ): Promise<PrototypeReply> {
    const process = this.free.pop() ?? (await new Promise<Process>((resolve) => this.waiting.push(resolve)));
    try {
      return await process.run(task, hooks);
    } finally {
      const next = this.waiting.shift();
      if (next === undefined) this.free.push(process);
      else next(process);
    }
  }

  async close(): Promise<void> {
    this.watchdog.stop();
    await Promise.all(this.all.map((process) => process.close()));
  }
}
