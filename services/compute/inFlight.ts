interface Entry {
  count: number;
  readonly waiting: (() => void)[];
}

/** Counts what runs, by name, and tells when nothing of a name does. */
export class InFlight {
  private readonly entries = new Map<string, Entry>();

  async during<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
    const entry = this.entries.get(name) ?? { count: 0, waiting: [] };
    this.entries.set(name, entry);
    entry.count += 1;
    try {
      return await work();
    } finally {
      entry.count -= 1;
      if (entry.count === 0) {
        this.entries.delete(name);
        for (const wake of entry.waiting) wake();
      }
    }
  }

  /** Calls `act` at a moment when nothing of the name runs, before anything new of it can begin. */
  whenIdle(name: string, act: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const wake = () => {
        try {
          act();
          resolve();
        } catch (error) {
          reject(error);
        }
      };
      const entry = this.entries.get(name);
      if (entry === undefined) wake();
      else entry.waiting.push(wake);
    });
  }
}
