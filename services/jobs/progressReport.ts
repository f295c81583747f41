import type { JobProgress } from '../../schemas/jobs.ts';
import { LatestWriter } from './latestWriter.ts';

export interface ProgressReportOptions {
  /** Shortest time between two reports. */
  readonly intervalMs: number;
  /** Shortest time between two previews. */
  readonly previewMs: number;
  /** Never rejects. */
  write(progress: JobProgress, preview: Uint8Array | null): Promise<void>;
}

/** What a job tells of its progress, thinned, with an estimate of its end. */
export class ProgressReport {
  readonly #previewMs: number;
  readonly #writer: LatestWriter<JobProgress>;
  #preview: Uint8Array | null = null;
  #lastPreview = Number.NEGATIVE_INFINITY;
  #first: { readonly step: number; readonly at: number } | null = null;

  constructor({ intervalMs, previewMs, write }: ProgressReportOptions) {
    this.#previewMs = previewMs;
    this.#writer = new LatestWriter(intervalMs, (progress) => write(progress, this.#takePreview()));
  }

  tell(progress: JobProgress, preview: Uint8Array | null): void {
    this.#preview = preview ?? this.#preview;
    this.#writer.put({ ...progress, eta_ms: progress.eta_ms ?? this.#eta(progress) });
  }

  /** Resolves when the newest progress was written. */
  flush(): Promise<void> {
    return this.#writer.flush();
  }

  /** The newest preview, where its time has come. */
  #takePreview(): Uint8Array | null {
    const now = performance.now();
    if (this.#preview === null || now < this.#lastPreview + this.#previewMs) return null;
    const preview = this.#preview;
    this.#preview = null;
    this.#lastPreview = now;
    return preview;
  }

  /** Steps that are left, times what a step took since the first that was told of; in whole milliseconds. */
  #eta({ step, steps }: JobProgress): number | null {
    const at = performance.now();
    this.#first ??= { step, at };
    const done = step - this.#first.step;
    return done <= 0 ? null : Math.round(((at - this.#first.at) / done) * Math.max(0, steps - step));
  }
}
