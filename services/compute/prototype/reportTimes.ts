/** Milliseconds between two reports of each kind. */
const PROGRESS_MS = 100;
const IMAGES_MS = 1000;
const SNAPSHOT_MS = 2000;

/** What a report holds. */
export interface Due {
  readonly progress: boolean;
  readonly images: boolean;
  readonly snapshot: boolean;
}

/** Decides what of a step is worth telling: everything of the first one, later not more often than anybody looks. */
export class ReportTimes {
  private readonly now: () => number;
  private progress = Number.NEGATIVE_INFINITY;
  private images = Number.NEGATIVE_INFINITY;
  private snapshot = Number.NEGATIVE_INFINITY;

  constructor(now: () => number = () => performance.now()) {
    this.now = now;
  }

  /** @param last whether no other step follows: then a snapshot is due */
  due(last: boolean): Due {
    const now = this.now();
    const snapshot = last || now - this.snapshot >= SNAPSHOT_MS;
    const images = now - this.images >= IMAGES_MS;
    const progress = snapshot || images || now - this.progress >= PROGRESS_MS;
    if (progress) this.progress = now;
    if (images) this.images = now;
    if (snapshot) this.snapshot = now;
    return { progress, images, snapshot };
  }
}
