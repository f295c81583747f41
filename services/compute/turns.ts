/** Lets one caller run at a time, in the order of asking. */
export class Turns {
  private last: Promise<void> = Promise.resolve();

  /** Waits for the turn, and keeps it until `work` is done. */
  async take<Result>(work: () => Promise<Result>): Promise<Result> {
    const before = this.last;
    let release = () => {};
    this.last = new Promise((resolve) => {
      release = resolve;
    });
    await before;
    try {
      return await work();
    } finally {
      release();
    }
  }
}
