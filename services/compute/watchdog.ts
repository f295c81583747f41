import { usageOf } from './processUsage.ts';

/** A worker process as the watchdog sees it. */
export interface Watched {
  /** null while there is none. */
  readonly pid: number | null;
  /** Tasks that it works on. */
  readonly tasks: number;
  /** Grows with everything that it sends. */
  readonly signs: number;
  /** Whether it owes an answer. */
  readonly owes: boolean;
  /** Asks for a sign of life, if it should always give one. */
  probe(): void;
  /**
   * Has another process take its place. It gets no new task, and as long as `graceMs` for what it works on; that is then
   * lost, and tried again like that of any lost worker.
   */
  recycle(graceMs: number): Promise<void>;
}

export type WatchEvent =
  /** A worker uses more than it may, or gives no sign of life: another is to take its place. */
  | {
      readonly kind: 'recycling';
      readonly reason: 'memory' | 'silent';
      readonly worker: string;
      readonly pid: number;
      readonly privateBytes: number | null;
      readonly limitBytes: number;
      readonly tasks: number;
    }
  /** It is gone. */
  | { readonly kind: 'recycled'; readonly worker: string; readonly pid: number; readonly ms: number }
  /** No other could be started: it goes on, and is looked at again. */
  | { readonly kind: 'failed'; readonly worker: string; readonly pid: number; readonly error: unknown };

export interface WatchOptions {
  /** Most private memory of a worker, in bytes; 0: no bound. */
  readonly limitBytes: number;
  /** A worker that owes an answer, gives none for so long and uses no processor meanwhile is taken for frozen. */
  readonly silentMs: number;
  /** How long a worker that uses too much memory may finish what it works on. */
  readonly graceMs: number;
  readonly onEvent: (event: WatchEvent) => void;
  /** Between two looks; default: WATCH_MS. */
  readonly intervalMs?: number;
}

/** Between two looks at a worker, in milliseconds. */
export const WATCH_MS = 2000;

/** What a worker was like when it was last seen alive. */
interface Sighting {
  readonly life: string;
  /** Looks since then. */
  looks: number;
}

/** Looks at the workers of one kind every few seconds, and has those replaced that use too much memory or are frozen. */
export class Watchdog {
  private readonly worker: string;
  private readonly options: WatchOptions;
  private readonly watched: () => readonly Watched[];
  private readonly seen = new Map<number, Sighting>();
  private readonly recycling = new Set<number>();
  private timer: NodeJS.Timeout | null = null;
  private stopped = false;

  /** @param worker what the workers are called in the log */
  constructor(worker: string, options: WatchOptions, watched: () => readonly Watched[]) {
    this.worker = worker;
    this.options = options;
    this.watched = watched;
    this.lookLater();
  }

  stop(): void {
    this.stopped = true;
    if (this.timer !== null) clearTimeout(this.timer);
  }

  private lookLater(): void {
    if (this.stopped) return;
    const { intervalMs = WATCH_MS } = this.options;
    this.timer = setTimeout(() => void this.look().finally(() => this.lookLater()), intervalMs).unref();
  }

  private async look(): Promise<void> {
    const watched = this.watched();
    await Promise.all(watched.map((one) => this.lookAt(one)));
    const pids = new Set(watched.map(({ pid }) => pid));
    for (const pid of this.seen.keys()) if (!pids.has(pid)) this.seen.delete(pid);
  }

  private async lookAt(watched: Watched): Promise<void> {
    const { pid } = watched;
    if (pid === null || this.recycling.has(pid)) return;
    const { privateBytes, processorTicks } = await usageOf(pid);
    // Its process may have ended while we looked.
    if (this.stopped || watched.pid !== pid) return;
    const { limitBytes, graceMs } = this.options;
    const isOver = limitBytes > 0 && privateBytes !== null && privateBytes > limitBytes;
    const isSilent = this.isSilent(pid, watched, processorTicks);
    if (isOver || isSilent) {
      const reason = isSilent ? 'silent' : 'memory';
      const { worker } = this;
      this.options.onEvent({ kind: 'recycling', reason, worker, pid, privateBytes, limitBytes, tasks: watched.tasks });
      void this.recycle(watched, pid, isSilent ? 0 : graceMs);
    } else {
      watched.probe();
    }
  }

  /** Counts looks, not time: a pause of this process is none of the worker's. */
  private isSilent(pid: number, { signs, owes }: Watched, ticks: number | null): boolean {
    const { silentMs, intervalMs = WATCH_MS } = this.options;
    const life = `${signs} ${ticks}`;
    const last = this.seen.get(pid);
    // Where the processor time is not known, a long computation would look like silence.
    if (last === undefined || last.life !== life || !owes || ticks === null) {
      this.seen.set(pid, { life, looks: 0 });
      return false;
    }
    last.looks += 1;
    return last.looks * intervalMs >= silentMs;
  }

  private async recycle(watched: Watched, pid: number, graceMs: number): Promise<void> {
    const { worker } = this;
    const { onEvent } = this.options;
    const started = performance.now();
    this.recycling.add(pid);
    try {
      await watched.recycle(graceMs);
      if (!this.stopped) onEvent({ kind: 'recycled', worker, pid, ms: performance.now() - started });
    } catch (error) {
      if (!this.stopped) onEvent({ kind: 'failed', worker, pid, error });
    } finally {
      this.recycling.delete(pid);
      this.seen.delete(pid);
    }
  }
}
