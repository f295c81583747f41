import type { Executables } from '../explanation/runPlan.ts';

interface Entry {
  readonly compiled: Promise<Executables>;
  bytes: number;
  users: number;
  evicted: boolean;
  disposed: boolean;
}

/**
 * Compiled explanations, least recently used last, bounded in bytes. An executable that is in use when it is evicted is
 * disposed of by its last user; one that is being compiled is compiled once for all who ask.
 */
export class ExecutableCache {
  private readonly entries = new Map<string, Entry>();
  private readonly maxBytes: number;
  private bytes = 0;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  /**
   * Calls `use` with the executables of a key.
   * @param bytes estimated cost of keeping them after this use; the highest of all uses counts
   * @param compile makes them when they are not there
   */
  async use<Result>(
    key: string,
    bytes: number,
    compile: () => Promise<Executables>,
    use: (executables: Executables, cached: boolean) => Promise<Result>,
  ): Promise<Result> {
    const known = this.entries.get(key);
    const entry = known ?? { compiled: compile(), bytes: 0, users: 0, evicted: false, disposed: false };
    entry.users += 1;
    this.entries.delete(key);
    this.entries.set(key, entry);
    this.bytes += Math.max(0, bytes - entry.bytes);
    entry.bytes = Math.max(bytes, entry.bytes);
    try {
      return await use(await entry.compiled, known !== undefined);
    } catch (error) {
      // What could not be compiled is not remembered: the next request tries again.
      await entry.compiled.catch(() => this.forget(key, entry));
      throw error;
    } finally {
      entry.users -= 1;
      this.shrink();
      if (entry.evicted && entry.users === 0) await dispose(entry);
    }
  }

  /** Forgets everything of keys that begin with a prefix. */
  async clear(prefix = ''): Promise<void> {
    for (const [key, entry] of [...this.entries]) {
      if (!key.startsWith(prefix)) continue;
      this.forget(key, entry);
      if (entry.users === 0) await dispose(entry);
    }
  }

  private shrink(): void {
    for (const [key, entry] of this.entries) {
      if (this.bytes <= this.maxBytes || this.entries.size === 1) return;
      this.forget(key, entry);
      if (entry.users === 0) void dispose(entry);
    }
  }

  private forget(key: string, entry: Entry): void {
    if (this.entries.get(key) !== entry) return;
    this.entries.delete(key);
    this.bytes -= entry.bytes;
    entry.evicted = true;
  }
}

async function dispose(entry: Entry): Promise<void> {
  if (entry.disposed) return;
  entry.disposed = true;
  const executables = await entry.compiled.catch(() => ({}));
  await Promise.all(Object.values(executables).map((executable) => executable.dispose()));
}
