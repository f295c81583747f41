import { join } from 'node:path';
import { openPrivateFolder } from '../../../models/tensors/atomicWrite.ts';
import { ElucidError } from '../../../schemas/errors.ts';
import type { JobEventType, JobProgress, JobState } from '../../../schemas/jobs.ts';
import { type JobRecord, NO_PROGRESS, publicJob } from '../record.ts';
import { EVENT_OF, statesBefore } from '../states.ts';
import {
  type ClaimedJob,
  type CreatedJob,
  type Ending,
  type JobEvent,
  type JobOutput,
  type JobPage,
  type JobStore,
  KEPT_PROGRESS_EVENTS,
  MAX_CHECKPOINT_BYTES,
  MAX_PREVIEW_BYTES,
  MAX_RESULT_BYTES,
  type NewJob,
} from '../store.ts';
import { Watchers } from '../watchers.ts';
import { noRoom, SqliteDatabase } from './database.ts';
import { FolderLock } from './folderLock.ts';
import { JobFiles } from './jobFiles.ts';
import { eventOf, type FileSizes, filesOf, jobOf, runOf } from './rows.ts';
import { prepareStatements, type Statements } from './statements.ts';

/** Names of a job's files; those of a result's parts begin with BLOB. */
const REQUEST = 'request';
const CHECKPOINT = 'checkpoint';
const BODY = 'body';
const BLOB = 'part-';

/** The share of the room that new jobs may fill; the rest is for the results of those that are there. */
const SUBMISSION_SHARE = 7 / 8;

/**
 * Jobs in a folder: small things in an SQLite file (`jobs.sqlite`), large ones in files (`jobs/{id}/`). A file is written
 * before the row that speaks of it and removed after it, so that a kill at any moment leaves at most files that nobody
 * speaks of, which the next start removes.
 */
export class SqliteJobStore implements JobStore {
  readonly #lock: FolderLock;
  readonly #database: SqliteDatabase;
  readonly #statements: Statements;
  readonly #files: JobFiles;
  readonly #maxBytes: number;
  readonly #watchers = new Watchers();

  private constructor(lock: FolderLock, database: SqliteDatabase, files: JobFiles, maxBytes: number) {
    this.#lock = lock;
    this.#database = database;
    this.#statements = prepareStatements(database);
    this.#files = files;
    this.#maxBytes = maxBytes;
  }

  /**
   * Opens the folder, which is made if need be, for this process alone.
   * @param maxBytes most that all jobs together may take
   * @throws FolderInUseError while another process has it open
   */
  static async open(folder: string, { maxBytes }: { readonly maxBytes: number }): Promise<SqliteJobStore> {
    await openPrivateFolder(folder);
    const lock = new FolderLock(join(folder, 'lock.sqlite'));
    try {
      const files = await JobFiles.open(join(folder, 'jobs'));
      const store = new SqliteJobStore(lock, new SqliteDatabase(join(folder, 'jobs.sqlite')), files, maxBytes);
      await store.#removeOrphans();
      return store;
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  async create(job: NewJob, maxQueued: number): Promise<CreatedJob> {
    const request = Buffer.from(job.request);
    const known = this.#admit(job, request.length, maxQueued);
    if (known !== null) return { job: known, created: false };
    await this.#files.write(job.id, REQUEST, request);
    try {
      return this.#database.transaction(() => this.#insert(job, request.length, maxQueued));
    } finally {
      if (this.#find(job.id, job.created) === null) await this.#files.removeAll([job.id]);
    }
  }

  async get(id: string, now: number): Promise<JobRecord | null> {
    return this.#find(id, now);
  }

  async list({ owner, state, limit, before, now }: JobPage): Promise<readonly JobRecord[]> {
    return this.#statements.list.all(owner, state, state, before, before, now, limit).map(jobOf);
  }

  async claim(now: number): Promise<ClaimedJob | null> {
    const id = this.#database.transaction(() => {
      const row = this.#statements.firstInState.get('queued' satisfies JobState);
      if (row === null) return null;
      const queued = String(row['id']);
      this.#statements.start.run(now, queued);
      this.#tell(queued, 'running');
      return queued;
    });
    if (id === null) return null;
    this.#watchers.tell(id);
    return this.#claimed(id);
  }

  async interrupted(): Promise<readonly string[]> {
    return this.#statements.inState.all('running' satisfies JobState).map(({ id }) => String(id));
  }

  async resume(id: string): Promise<ClaimedJob | null> {
    return this.#statements.interrupt.run(id) === 0 ? null : this.#claimed(id);
  }

  async saveProgress(id: string, progress: JobProgress, preview: Uint8Array | null): Promise<void> {
    const shown = preview !== null && preview.length <= MAX_PREVIEW_BYTES ? base64(preview) : undefined;
    this.#database.transaction(() => {
      if (this.#statements.setProgress.run(JSON.stringify(progress), id) === 0) return;
      const number = this.#addEvent(id, 'progress', { ...progress, preview: shown });
      this.#statements.thinEvents.run(id, number - KEPT_PROGRESS_EVENTS + 1);
    });
    this.#watchers.tell(id);
  }

  async saveCheckpoint(id: string, checkpoint: Uint8Array, ranMs: number): Promise<void> {
    if (checkpoint.length > MAX_CHECKPOINT_BYTES) throw tooLarge('checkpoint', checkpoint.length, MAX_CHECKPOINT_BYTES);
    const before = this.#filesOf(id);
    if (this.#used() - (before[CHECKPOINT] ?? 0) + checkpoint.length > this.#maxBytes) throw noRoom();
    await this.#files.write(id, CHECKPOINT, checkpoint);
    this.#database.transaction(() => {
      if (this.#statements.setRun.run(Math.round(ranMs), 0, id) === 0) return;
      this.#setFiles(id, { ...this.#filesOf(id), [CHECKPOINT]: checkpoint.length });
    });
  }

  async suspend(id: string, ranMs: number): Promise<void> {
    // The next start counts one more.
    this.#statements.setRun.run(Math.round(ranMs), -1, id);
  }

  async end(id: string, ending: Ending, now: number, expires: number): Promise<JobRecord | null> {
    if (ending.state !== 'succeeded') return this.#endWithout(id, ending, now, expires);
    const parts = resultParts(ending);
    const sizes = Object.fromEntries([...parts].map(([name, bytes]) => [name, bytes.length]));
    const bytes = sum(sizes);
    if (bytes > MAX_RESULT_BYTES) throw tooLarge('result', bytes, MAX_RESULT_BYTES);
    const { [CHECKPOINT]: checkpoint = 0, [REQUEST]: request = 0 } = this.#filesOf(id);
    if (this.#used() - checkpoint + bytes > this.#maxBytes) throw noRoom();
    let ended: JobRecord | null = null;
    try {
      for (const [name, part] of parts) await this.#files.write(id, name, part);
      ended = this.#database.transaction(() => {
        const job = this.#end(id, 'succeeded', null, now, expires);
        if (job !== null) this.#setFiles(id, { [REQUEST]: request, ...sizes });
        return job;
      });
    } finally {
      await this.#files.remove(id, ended === null ? [...parts.keys()] : [CHECKPOINT]);
    }
    this.#watchers.tell(id);
    return ended;
  }

  async events(id: string, after: number, limit: number): Promise<readonly JobEvent[]> {
    return this.#statements.events.all(id, after, limit).map(eventOf);
  }

  async output(id: string): Promise<JobOutput | null> {
    const sizes = this.#filesOf(id);
    if (!(BODY in sizes)) return null;
    const parts = Object.keys(sizes).filter((name) => name.startsWith(BLOB));
    const [request, body, ...blobs] = await Promise.all(
      [REQUEST, BODY, ...parts].map((name) => this.#read(id, name, sizes[name] ?? 0)),
    );
    return {
      request: text(request),
      body: text(body),
      blobs: Object.fromEntries(blobs.map((bytes, i) => [(parts[i] ?? '').slice(BLOB.length), bytes])),
    };
  }

  watch(id: string, onChange: () => void): () => void {
    return this.#watchers.watch(id, onChange);
  }

  async prune(now: number): Promise<number> {
    const expired = this.#database.transaction(() => {
      const ids = this.#statements.expired.all(now).map(({ id }) => String(id));
      this.#statements.removeExpired.run(now);
      return ids;
    });
    for (const id of expired) this.#watchers.tell(id);
    await this.#files.removeAll(expired);
    if (expired.length > 0) this.#database.shrink();
    return expired.length;
  }

  async close(): Promise<void> {
    this.#database.close();
    this.#lock.release();
  }

  /** The job that the key of a new one names already; null when the new one may come. */
  #admit({ owner, idempotency, created }: NewJob, bytes: number, maxQueued: number): JobRecord | null {
    const known = idempotency && this.#statements.key.get(owner ?? '', idempotency.key, created);
    if (known !== null && known['hash'] !== idempotency?.hash) {
      throw new ElucidError(
        'idempotency-conflict',
        'this Idempotency-Key was used for another request; allowed is the same request, or another key',
      );
    }
    if (known !== null) return this.#find(String(known['job']), created);
    if (Number(this.#statements.countInState.get('queued' satisfies JobState)?.['count']) >= maxQueued) {
      throw new ElucidError('queue-full', `${maxQueued} jobs are waiting already`);
    }
    if (this.#used() + bytes > this.#maxBytes * SUBMISSION_SHARE) throw noRoom();
    return null;
  }

  #insert(job: NewJob, bytes: number, maxQueued: number): CreatedJob {
    // While the file was written, another request may have had the same key or the last place.
    const known = this.#admit(job, 0, maxQueued);
    if (known !== null) return { job: known, created: false };
    const { id, kind, owner, idempotency, created } = job;
    const files: FileSizes = { [REQUEST]: bytes };
    const progress = JSON.stringify(NO_PROGRESS);
    this.#statements.insert.run(id, kind, owner, progress, created, JSON.stringify(files), bytes);
    if (idempotency !== null) this.#statements.setKey.run(owner ?? '', idempotency.key, idempotency.hash, id);
    return { job: this.#tell(id, 'queued'), created: true };
  }

  /** Ends a job that has no result, and forgets its files. */
  async #endWithout(
    id: string,
    ending: Exclude<Ending, { state: 'succeeded' }>,
    now: number,
    expires: number,
  ): Promise<JobRecord | null> {
    const error = ending.state === 'failed' ? JSON.stringify(ending.error) : null;
    const ended = this.#database.transaction(() => {
      const job = this.#end(id, ending.state, error, now, expires);
      if (job !== null) this.#setFiles(id, {});
      return job;
    });
    if (ended === null) return null;
    this.#watchers.tell(id);
    await this.#files.removeAll([id]);
    return ended;
  }

  #end(id: string, state: JobState, error: string | null, now: number, expires: number): JobRecord | null {
    const before = JSON.stringify(statesBefore(state));
    return this.#statements.end.run(state, now, expires, error, id, before) === 0 ? null : this.#tell(id, state);
  }

  /** The event of a state that a job has now; the job as it is then. */
  #tell(id: string, state: JobState): JobRecord {
    const job = this.#find(id, 0);
    if (job === null) throw new Error(`job ${id} has gone`);
    return { ...job, lastEvent: this.#addEvent(id, EVENT_OF[state], publicJob(job)) };
  }

  #addEvent(id: string, type: JobEventType, data: unknown): number {
    const number = Number(this.#statements.nextEvent.get(id)?.['last_event']);
    this.#statements.addEvent.run(id, number, type, JSON.stringify(data));
    return number;
  }

  async #claimed(id: string): Promise<ClaimedJob> {
    const job = this.#find(id, 0);
    const row = this.#statements.run.get(id);
    if (job === null || row === null) throw new Error(`job ${id} has gone`);
    const bytes = await this.#files.read(id, REQUEST);
    const request = bytes?.length === this.#filesOf(id)[REQUEST] ? text(bytes ?? undefined) : null;
    return { job, request, checkpoint: await this.#files.read(id, CHECKPOINT), ...runOf(row) };
  }

  #find(id: string, now: number): JobRecord | null {
    const row = this.#statements.get.get(id, now);
    return row === null ? null : jobOf(row);
  }

  #filesOf(id: string): FileSizes {
    const row = this.#statements.files.get(id);
    return row === null ? {} : filesOf(row);
  }

  #setFiles(id: string, files: FileSizes): void {
    this.#statements.setFiles.run(JSON.stringify(files), sum(files), id);
  }

  /** Bytes that all jobs take. */
  #used(): number {
    return this.#database.bytes + Number(this.#statements.bytes.get()?.['bytes']);
  }

  async #read(id: string, name: string, size: number): Promise<Uint8Array> {
    const bytes = await this.#files.read(id, name);
    if (bytes?.length === size) return bytes;
    throw new Error(`job ${id}: ${name} should have ${size} bytes, and has ${bytes?.length ?? 'gone'}`);
  }

  async #removeOrphans(): Promise<void> {
    const known = await this.#files.jobs();
    await this.#files.removeAll(known.filter((id) => this.#statements.files.get(id) === null));
  }
}

/** The files of a result. */
function resultParts({ body, blobs }: Extract<Ending, { state: 'succeeded' }>): Map<string, Uint8Array> {
  const parts = Object.entries(blobs).map(([name, bytes]): [string, Uint8Array] => [`${BLOB}${name}`, bytes]);
  return new Map([[BODY, Buffer.from(body)], ...parts]);
}

function tooLarge(what: string, bytes: number, most: number): ElucidError {
  return new ElucidError('too-large', `the ${what} has ${bytes} bytes; allowed are ${most}`);
}

function sum(sizes: FileSizes): number {
  return Object.values(sizes).reduce((total, size) => total + size, 0);
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
}

function text(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? '' : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
}
