/** Which loads of models are in use, as the worker processes get to know it with every task. */
export interface LoadsInUse {
  /** Numbers of the loads. */
  readonly live: readonly number[];
  /** The highest number given so far: what a worker holds of a higher one is newer than this message. */
  readonly issued: number;
}

/**
 * Numbers every load of a model. The number ends when the model is unloaded; whatever worker processes keep under it
 * (structure, compiled explanations) goes with the next task they get.
 */
export class LiveLoads {
  private readonly live = new Set<number>();
  private issued = 0;

  /** The number of a new load. */
  begin(): number {
    this.issued += 1;
    this.live.add(this.issued);
    return this.issued;
  }

  end(load: number): void {
    this.live.delete(load);
  }

  inUse(): LoadsInUse {
    return { live: [...this.live], issued: this.issued };
  }
}

/** Whether a worker may forget a load. */
export function hasEnded(load: number, { live, issued }: LoadsInUse): boolean {
  return load <= issued && !live.includes(load);
}
