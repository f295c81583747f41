import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { TensorStore } from '../../models/tensors/store.ts';
import { discardDerived } from '../../models/tensors/verification.ts';
import type { CheckReply, CheckSetup, CheckTask } from './checkTask.ts';
import type { Models } from './models.ts';
import { WorkerPool } from './workerPool.ts';
import { workerModule } from './workerSetup.ts';

/** How fast the check reads at most, so that requests have the disk and the cores. */
const BYTES_PER_SECOND = 128 * 2 ** 20;

/** What a check found, and what became of it. */
export type CheckEvent =
  /** All folders were read. */
  | { readonly kind: 'verified'; readonly folders: number }
  /** Damaged files of a network; they are deleted, and made again by the next request. */
  | { readonly kind: 'repaired'; readonly folder: string; readonly files: readonly string[] }
  /** The check itself could not go on. */
  | { readonly kind: 'failed'; readonly error: unknown };

/**
 * Verifies the checksums of the tensor store once, in a process of its own with the lowest priority. Tensors that are
 * not what was written are deleted with all that may have been derived from them, and whatever mapped them is disposed of.
 */
export class StoreCheck {
  private readonly store: TensorStore;
  private readonly models: Models;
  private readonly onEvent: (event: CheckEvent) => void;
  private timer: NodeJS.Timeout | null = null;
  private pool: WorkerPool<CheckTask, CheckReply> | null = null;
  private stopped = false;

  constructor(store: TensorStore, models: Models, onEvent: (event: CheckEvent) => void) {
    this.store = store;
    this.models = models;
    this.onEvent = onEvent;
  }

  startIn(delayMs: number): void {
    this.timer = setTimeout(() => void this.run(), delayMs);
    this.timer.unref();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    if (this.timer !== null) clearTimeout(this.timer);
    await this.pool?.close();
    this.pool = null;
  }

  private async run(): Promise<void> {
    try {
      const folders = await this.store.folders();
      if (folders.length === 0 || this.stopped) return;
      const setup: CheckSetup = { cacheDir: this.store.root, bytesPerSecond: BYTES_PER_SECOND };
      const module = workerModule('checkWorker');
      const ping = (): CheckTask => ({ folder: null });
      this.pool = new WorkerPool({ name: 'check', module, workers: 1, tasksPerWorker: 1, setup, ping });
      for (const folder of folders) await this.check(this.pool, folder);
      this.onEvent({ kind: 'verified', folders: folders.length });
    } catch (error) {
      if (!this.stopped) this.onEvent({ kind: 'failed', error });
    }
    await this.stop();
  }

  private async check(pool: WorkerPool<CheckTask, CheckReply>, folder: string): Promise<void> {
    const { damaged: files } = await pool.run({ folder });
    if (files.length === 0) return;
    const remove = () => {
      for (const file of files) rmSync(join(this.store.root, folder, file), { force: true });
    };
    await this.models.repair(folder, remove, () => discardDerived(this.store, folder));
    this.onEvent({ kind: 'repaired', folder, files });
  }
}
