import { ElucidError } from '../../schemas/errors.ts';
import { ENDED, type JobEventType, type JobProgress } from '../../schemas/jobs.ts';
import { type JobRecord, NO_PROGRESS, publicJob } from '../../services/jobs/record.ts';
import type {
  ClaimedJob,
  CreatedJob,
  Ending,
  JobEvent,
  JobOutput,
  JobPage,
  JobStore,
  NewJob,
} from '../../services/jobs/store.ts';

interface Entry {
  job: JobRecord;
  request: string;
  hash: string | null;
  key: string | null;
  checkpoint: Uint8Array | null;
  ranMs: number;
  interruptions: number;
  output: JobOutput | null;
  events: JobEvent[];
}

/** The rules of the job store written down once more, the plain way: what the stored one is compared with. */
export class MemoryJobStore implements JobStore {
  readonly entries: Entry[] = [];
  readonly #listeners: { id: string; onChange: () => void }[] = [];

  async create(job: NewJob, maxQueued: number): Promise<CreatedJob> {
    const { id, kind, owner, idempotency, created, request } = job;
    const same = this.#alive(created).find(
      (entry) => idempotency !== null && entry.key === idempotency.key && entry.job.owner === owner,
    );
    if (same !== undefined && same.hash !== idempotency?.hash) throw new ElucidError('idempotency-conflict', 'another');
    if (same !== undefined) return { job: same.job, created: false };
    if (this.entries.filter((entry) => entry.job.state === 'queued').length >= maxQueued) {
      throw new ElucidError('queue-full', 'full');
    }
    const entry: Entry = {
      job: {
        ...{ id, kind, owner, state: 'queued', progress: NO_PROGRESS, created },
        ...{ started: null, finished: null, expires: null, error: null, lastEvent: 0 },
      },
      ...{ request, hash: idempotency?.hash ?? null, key: idempotency?.key ?? null },
      ...{ checkpoint: null, ranMs: 0, interruptions: 0, output: null, events: [] },
    };
    this.entries.push(entry);
    this.#tell(entry, 'queued', publicJob(entry.job));
    return { job: entry.job, created: true };
  }

  async get(id: string, now: number): Promise<JobRecord | null> {
    return this.#alive(now).find(({ job }) => job.id === id)?.job ?? null;
  }

  async list({ owner, state, limit, before, now }: JobPage): Promise<readonly JobRecord[]> {
    return this.#alive(now)
      .map(({ job }) => job)
      .filter((job) => job.owner === owner && (state === null || job.state === state))
      .filter(({ id }) => before === null || id < before)
      .sort((a, b) => (a.id < b.id ? 1 : -1))
      .slice(0, limit);
  }

  async claim(now: number): Promise<ClaimedJob | null> {
    const [oldest] = this.entries
      .filter(({ job }) => job.state === 'queued')
      .sort((a, b) => (a.job.id < b.job.id ? -1 : 1));
    if (oldest === undefined) return null;
    oldest.job = { ...oldest.job, state: 'running', started: now };
    this.#tell(oldest, 'running', publicJob(oldest.job));
    return claimed(oldest);
  }

  async interrupted(): Promise<readonly string[]> {
    return this.entries.filter(({ job }) => job.state === 'running').map(({ job }) => job.id);
  }

  async resume(id: string): Promise<ClaimedJob | null> {
    const entry = this.#running(id);
    if (entry === undefined) return null;
    entry.interruptions += 1;
    return claimed(entry);
  }

  async saveProgress(id: string, progress: JobProgress, preview: Uint8Array | null): Promise<void> {
    const entry = this.#running(id);
    if (entry === undefined) return;
    entry.job = { ...entry.job, progress };
    const shown = preview === null ? {} : { preview: Buffer.from(preview).toString('base64') };
    this.#tell(entry, 'progress', { ...progress, ...shown });
    const told = entry.events.filter(({ type }) => type === 'progress');
    const dropped = told.filter(({ number }) => number <= entry.job.lastEvent - 20);
    entry.events = entry.events.filter((event) => !dropped.includes(event));
  }

  async saveCheckpoint(id: string, checkpoint: Uint8Array, ranMs: number): Promise<void> {
    const entry = this.#running(id);
    if (entry !== undefined) Object.assign(entry, { checkpoint, ranMs: Math.round(ranMs), interruptions: 0 });
  }

  async suspend(id: string, ranMs: number): Promise<void> {
    const entry = this.#running(id);
    if (entry !== undefined) Object.assign(entry, { ranMs: Math.round(ranMs), interruptions: -1 });
  }

  async end(id: string, ending: Ending, now: number, expires: number): Promise<JobRecord | null> {
    const entry = this.entries.find(({ job }) => job.id === id);
    if (entry === undefined || ENDED.has(entry.job.state)) return null;
    if (entry.job.state === 'queued' && ending.state !== 'cancelled') return null;
    const error = ending.state === 'failed' ? ending.error : null;
    entry.job = { ...entry.job, state: ending.state, finished: now, expires, error };
    if (ending.state === 'succeeded') {
      entry.output = { request: entry.request, body: ending.body, blobs: ending.blobs };
    }
    const type = ({ succeeded: 'result', failed: 'error', cancelled: 'cancelled' } as const)[ending.state];
    this.#tell(entry, type, publicJob(entry.job));
    return entry.job;
  }

  async events(id: string, after: number, limit: number): Promise<readonly JobEvent[]> {
    const events = this.entries.find(({ job }) => job.id === id)?.events ?? [];
    return events.filter(({ number }) => number > after).slice(0, limit);
  }

  async output(id: string): Promise<JobOutput | null> {
    return this.entries.find(({ job }) => job.id === id)?.output ?? null;
  }

  watch(id: string, onChange: () => void): () => void {
    const listener = { id, onChange };
    this.#listeners.push(listener);
    return () => {
      const at = this.#listeners.indexOf(listener);
      if (at >= 0) this.#listeners.splice(at, 1);
    };
  }

  get watched(): number {
    return this.#listeners.length;
  }

  async prune(now: number): Promise<number> {
    const over = this.entries.filter(({ job }) => job.expires !== null && job.expires <= now);
    for (const entry of over) this.entries.splice(this.entries.indexOf(entry), 1);
    for (const { job } of over) this.#notify(job.id);
    return over.length;
  }

  async close(): Promise<void> {}

  #alive(now: number): Entry[] {
    return this.entries.filter(({ job }) => job.expires === null || job.expires > now);
  }

  #running(id: string): Entry | undefined {
    return this.entries.find(({ job }) => job.id === id && job.state === 'running');
  }

  #tell(entry: Entry, type: JobEventType, data: unknown): void {
    const number = entry.job.lastEvent + 1;
    entry.job = { ...entry.job, lastEvent: number };
    entry.events.push({ number, type, data });
    this.#notify(entry.job.id);
  }

  #notify(id: string): void {
    for (const listener of [...this.#listeners]) if (listener.id === id) listener.onChange();
  }
}

function claimed({ job, request, checkpoint, ranMs, interruptions }: Entry): ClaimedJob {
  return { job, request, checkpoint, ranMs, interruptions };
}
