/** Who waits for news of which job. */
export class Watchers {
  readonly #listeners = new Map<string, Set<() => void>>();

  watch(id: string, onChange: () => void): () => void {
    // A function of its own, so that the same one may watch twice.
    const listener = () => onChange();
    const listeners = this.#listeners.get(id) ?? new Set();
    this.#listeners.set(id, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(id) === listeners) this.#listeners.delete(id);
    };
  }

  tell(id: string): void {
    for (const listener of [...(this.#listeners.get(id) ?? [])]) listener();
  }

  /** Jobs that are watched by somebody. */
  get size(): number {
    return this.#listeners.size;
  }
}
