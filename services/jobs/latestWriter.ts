/** Writes the newest of many values: at most one every `intervalMs`, one at a time; those between are skipped. */
export class LatestWriter<Value> {
  readonly #intervalMs: number;
  readonly #write: (value: Value) => Promise<void>;
  #pending: { readonly value: Value } | null = null;
  #writing: Promise<void> | null = null;
  #timer: NodeJS.Timeout | null = null;
  #last = Number.NEGATIVE_INFINITY;

  /** @param write never rejects */
  constructor(intervalMs: number, write: (value: Value) => Promise<void>) {
    this.#intervalMs = intervalMs;
    this.#write = write;
  }

  /** Writes the value at once, or when its time has come. */
  put(value: Value): void {
    this.#pending = { value };
    this.#schedule();
  }

  /** Resolves when the newest value was written. */
  async flush(): Promise<void> {
    while (this.#writing !== null || this.#pending !== null) {
      if (this.#writing === null) this.#start();
      await this.#writing;
    }
  }

  /** Drops what was not written yet; resolves when nothing is written any more. */
  async drop(): Promise<void> {
    this.#pending = null;
    this.#clearTimer();
    await this.#writing;
  }

  #schedule(): void {
    if (this.#pending === null || this.#writing !== null || this.#timer !== null) return;
    const waitMs = this.#last + this.#intervalMs - performance.now();
    if (waitMs <= 0) this.#start();
    else this.#timer = setTimeout(() => this.#start(), waitMs);
  }

  #start(): void {
    this.#clearTimer();
    if (this.#pending === null) return;
    const { value } = this.#pending;
    this.#pending = null;
    this.#last = performance.now();
    this.#writing = this.#write(value).finally(() => {
      this.#writing = null;
      this.#schedule();
    });
  }

  #clearTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
