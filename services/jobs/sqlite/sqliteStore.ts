import { join } from 'node:path';
import { openPrivateFolder } from '../../../models/tensors/atomicWrite.ts';
import { ElucidError } from '../../../schemas/errors.ts';
import type { JobProgress, JobState } from '../../../schemas/jobs.ts';
import type { JobRecord } from '../record.ts';
import { statesBefore } from '../states.ts';
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
import { SqliteDatabase } from './database.ts';
import { FolderLock } from './folderLock.ts';
import { JobFiles } from './jobFiles.ts';
import { JobTable, sum } from './jobTable.ts';
import { eventOf, jobOf, runOf } from './rows.ts';

/** Names of a job's files; those of a result's parts begin with PART. */
const REQUEST = 'request';
const CHECKPOINT = 'checkpoint';
const BODY = 'body';
const PART = 'part-';

/**
 * Jobs in a folder: small things in an SQLite file (`jobs.sqlite`), large ones in files (`jobs/{id}/`). A file is written
 * before the row that speaks of it and removed after it, so that a kill at any moment leaves at most files that nobody
 * speaks of, which go with the job or at the next start.
 */
export class SqliteJobStore implements JobStore {
  readonly #lock: FolderLock;
  readonly #database: SqliteDatabase;
  readonly #table: JobTable;
  readonly #files: JobFiles;
  readonly #watchers = new Watchers();

  private constructor(lock: FolderLock, database: SqliteDatabase, files: JobFiles, maxBytes: number) {
    this.#lock = lock;
    this.#database = database;
    this.#table = new JobTable(database, maxBytes);
    this.#files = files;
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
    const known = this.#table.admit(job, request.length, maxQueued);
    if (known !== null) return { job: known, created: false };
    const sizes = { [REQUEST]: request.length };
    try {
      await this.#files.write(job.id, REQUEST, request);
      return this.#database.transaction(() => this.#table.insert(job, sizes, maxQueued));
    } finally {
      if (this.#table.find(job.id) === null) await this.#files.removeAll([job.id]);
    }
  }

  async get(id: string, now: number): Promise<JobRecord | null> {
    return this.#table.find(id, now);
  }

  async list({ owner, state, limit, before, now }: JobPage): Promise<readonly JobRecord[]> {
    return this.#table.statements.list.all(owner, state, state, before, before, now, limit).map(jobOf);
  }

  async claim(now: number): Promise<ClaimedJob | null> {
    const id = this.#database.transaction(() => this.#table.start(now));
    if (id === null) return null;
    this.#watchers.tell(id);
    return this.#claimed(id);
  }

  async interrupted(): Promise<readonly string[]> {
    return this.#table.statements.inState.all('running' satisfies JobState).map(({ id }) => String(id));
  }

  async resume(id: string): Promise<ClaimedJob | null> {
    return this.#table.statements.interrupt.run(id) === 0 ? null : this.#claimed(id);
  }

  async saveProgress(id: string, progress: JobProgress, preview: Uint8Array | null): Promise<void> {
    const shown =
      preview !== null && preview.length <= MAX_PREVIEW_BYTES ? bufferOf(preview).toString('base64') : undefined;
    this.#database.transaction(() => {
      if (this.#table.statements.setProgress.run(JSON.stringify(progress), id) === 0) return;
      const number = this.#table.addEvent(id, 'progress', { ...progress, preview: shown });
      this.#table.statements.thinEvents.run(id, number - KEPT_PROGRESS_EVENTS + 1);
    });
    this.#watchers.tell(id);
  }

  async saveCheckpoint(id: string, checkpoint: Uint8Array, ranMs: number): Promise<void> {
    if (checkpoint.length > MAX_CHECKPOINT_BYTES) throw tooLarge('checkpoint', checkpoint.length, MAX_CHECKPOINT_BYTES);
    this.#table.checkRoom(checkpoint.length - (this.#table.filesOf(id)[CHECKPOINT] ?? 0));
    await this.#files.write(id, CHECKPOINT, checkpoint);
    const kept = this.#database.transaction(() => {
      if (this.#table.statements.setRun.run(Math.round(ranMs), 0, id) === 0) return false;
      this.#table.setFiles(id, { ...this.#table.filesOf(id), [CHECKPOINT]: checkpoint.length });
      return true;
    });
    if (!kept) await this.#removeUnnamed(id, [CHECKPOINT]);
  }

  async suspend(id: string, ranMs: number): Promise<void> {
    // The next start counts one more.
    this.#table.statements.setRun.run(Math.round(ranMs), -1, id);
  }

  async end(id: string, ending: Ending, now: number, expires: number): Promise<JobRecord | null> {
    const state = this.#table.find(id)?.state;
    if (state === undefined || !statesBefore(ending.state).includes(state)) return null;
    const parts = ending.state === 'succeeded' ? resultParts(ending) : new Map<string, Uint8Array>();
    const sizes = Object.fromEntries([...parts].map(([name, bytes]) => [name, bytes.length]));
    this.#checkResult(id, sum(sizes));
    const error = ending.state === 'failed' ? JSON.stringify(ending.error) : null;
    let ended: JobRecord | null = null;
    try {
      for (const [name, part] of parts) await this.#files.write(id, name, part);
      ended = this.#database.transaction(() => {
        const { [REQUEST]: request = 0 } = this.#table.filesOf(id);
        const job = this.#table.end(id, ending.state, error, now, expires);
        if (job !== null) this.#table.setFiles(id, job.state === 'succeeded' ? { [REQUEST]: request, ...sizes } : {});
        return job;
      });
    } finally {
      if (ended !== null) this.#watchers.tell(id);
      await this.#removeUnnamed(id, [...parts.keys(), ...(ended === null ? [] : [CHECKPOINT])]);
    }
    return ended;
  }

  async events(id: string, after: number, limit: number): Promise<readonly JobEvent[]> {
    return this.#table.statements.events.all(id, after, limit).map(eventOf);
  }

  async output(id: string): Promise<JobOutput | null> {
    const sizes = this.#table.filesOf(id);
    if (!(BODY in sizes)) return null;
    const parts = Object.keys(sizes).filter((name) => name.startsWith(PART));
    const [request, body, ...blobs] = await Promise.all(
      [REQUEST, BODY, ...parts].map((name) => this.#read(id, name, sizes[name] ?? 0)),
    );
    return {
      request: bufferOf(request).toString(),
      body: bufferOf(body).toString(),
      blobs: Object.fromEntries(blobs.map((bytes, i) => [(parts[i] ?? '').slice(PART.length), bytes])),
    };
  }

  watch(id: string, onChange: () => void): () => void {
    return this.#watchers.watch(id, onChange);
  }

  async prune(now: number): Promise<number> {
    const { expired, removeExpired } = this.#table.statements;
    const ids = expired.all(now).map(({ id }) => String(id));
    if (ids.length === 0) return 0;
    // Nobody sees these jobs any more. Files go first: where the disk is full, not even a row could be removed before.
    await this.#files.removeAll(ids);
    removeExpired.run(now);
    for (const id of ids) this.#watchers.tell(id);
    this.#database.shrink();
    return ids.length;
  }

  async close(): Promise<void> {
    this.#database.close();
    this.#lock.release();
  }

  async #claimed(id: string): Promise<ClaimedJob> {
    const job = this.#table.find(id);
    const row = this.#table.statements.run.get(id);
    if (job === null || row === null) throw new Error(`job ${id} has gone`);
    const bytes = await this.#files.read(id, REQUEST);
    const whole = bytes !== null && bytes.length === this.#table.filesOf(id)[REQUEST];
    const request = whole ? bufferOf(bytes).toString() : null;
    return { job, request, checkpoint: await this.#files.read(id, CHECKPOINT), ...runOf(row) };
  }

  async #read(id: string, name: string, size: number): Promise<Uint8Array> {
    const bytes = await this.#files.read(id, name);
    if (bytes?.length === size) return bytes;
    throw new Error(`job ${id}: ${name} should have ${size} bytes, and has ${bytes?.length ?? 'gone'}`);
  }

  #checkResult(id: string, bytes: number): void {
    if (bytes > MAX_RESULT_BYTES) throw tooLarge('result', bytes, MAX_RESULT_BYTES);
    if (bytes > 0) this.#table.checkRoom(bytes - (this.#table.filesOf(id)[CHECKPOINT] ?? 0));
  }

  /** Removes those of a job's files that its row does not name; all of them when it names none. */
  async #removeUnnamed(id: string, names: readonly string[]): Promise<void> {
    const named = this.#table.filesOf(id);
    if (Object.keys(named).length === 0) await this.#files.removeAll([id]);
    else
      await this.#files.remove(
        id,
        names.filter((name) => !(name in named)),
      );
  }

  async #removeOrphans(): Promise<void> {
    const jobs = await this.#files.jobs();
    await this.#files.removeAll(jobs.filter((id) => Object.keys(this.#table.filesOf(id)).length === 0));
  }
}

/** The files of a result. */
function resultParts({ body, blobs }: Extract<Ending, { state: 'succeeded' }>): Map<string, Uint8Array> {
  const parts = Object.entries(blobs).map(([name, bytes]): [string, Uint8Array] => [`${PART}${name}`, bytes]);
  return new Map([[BODY, Buffer.from(body)], ...parts]);
}

function tooLarge(what: string, bytes: number, most: number): ElucidError {
  return new ElucidError('too-large', `the ${what} has ${bytes} bytes; allowed are ${most}`);
}

function bufferOf(bytes: Uint8Array = new Uint8Array()): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
