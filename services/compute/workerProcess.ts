import { Tinypool } from 'tinypool';
import type { AskedTask, ToldByWorker } from './serveTasks.ts';
import { workerArguments, workerEnvironment } from './workerStart.ts';

export interface WorkerProcessOptions {
  /** The worker's module; its default export is made by `serveTasks`. */
  readonly module: URL;
  /** Plain data for the process, read by `workerSetup`. */
  readonly setup: unknown;
}

export interface WorkerHooks<Result> {
  onTold(told: ToldByWorker<Result>): void;
  /** Called once, when the process died or could not be started; not after `end`. */
  onLost(reason: string): void;
}

/** One child process as long as it lives: a pool of tinypool's with one process, whose only task is to serve. */
export class WorkerProcess<Task, Result> {
  private readonly pool: Tinypool;
  private sendMessage: (message: AskedTask<Task>) => void = () => undefined;
  private over = false;

  constructor({ module, setup }: WorkerProcessOptions, { onTold, onLost }: WorkerHooks<Result>) {
    this.pool = new Tinypool({
      filename: module.href,
      runtime: 'child_process',
      serialization: 'advanced',
      // None of its own accord: another process is another pool.
      minThreads: 0,
      maxThreads: 1,
      isolateWorkers: false,
      execArgv: workerArguments(module),
      env: workerEnvironment(setup),
    });
    const lose = (error: unknown) => {
      if (this.over) return;
      this.over = true;
      void this.pool.destroy();
      onLost(error instanceof Error ? error.message : String(error));
    };
    // A process that dies before it has its task is an 'error' of the pool; unheard, it would end us.
    this.pool.on('error', lose);
    const channel = {
      onMessage: (send: (message: AskedTask<Task>) => void) => {
        this.sendMessage = send;
      },
      postMessage: (told: ToldByWorker<Result>) => {
        if (!this.over) onTold(told);
      },
    };
    this.pool.run(null, { channel }).catch(lose);
  }

  get pid(): number | null {
    return this.pool.threads[0]?.threadId ?? null;
  }

  /** To be called after the process told that it serves. */
  send(asked: AskedTask<Task>): void {
    this.sendMessage(asked);
  }

  /** Ends the process, also one that is stopped, and waits for its end. */
  async end(): Promise<void> {
    this.over = true;
    await this.pool.destroy();
  }
}
