import { ElucidError } from '../../../schemas/errors.ts';
import type { JobEventType, JobState } from '../../../schemas/jobs.ts';
import { type JobRecord, NO_PROGRESS, publicJob } from '../record.ts';
import { EVENT_OF, statesBefore } from '../states.ts';
import type { CreatedJob, NewJob } from '../store.ts';
import { noRoom, type SqliteDatabase } from './database.ts';
import { type FileSizes, filesOf, jobOf } from './rows.ts';
import { prepareStatements, type Statements } from './statements.ts';

/** The share of the room that new jobs may fill; the rest is for the results of those that are there. */
const SUBMISSION_SHARE = 7 / 8;

/** What is known of all jobs in the database, and the steps that change it. Methods that write are parts of a transaction. */
export class JobTable {
  readonly statements: Statements;
  readonly #database: SqliteDatabase;
  readonly #maxBytes: number;

  /** @param maxBytes most that all jobs together may take, their files included */
  constructor(database: SqliteDatabase, maxBytes: number) {
    this.statements = prepareStatements(database);
    this.#database = database;
    this.#maxBytes = maxBytes;
  }

  /**
   * The job that the key of a new one names already; null when the new one may come.
   * @throws ElucidError `idempotency-conflict`, `queue-full`, `storage-full`
   */
  admit({ owner, idempotency, created }: NewJob, bytes: number, maxQueued: number): JobRecord | null {
    const known = idempotency && this.statements.key.get(owner ?? '', idempotency.key, created);
    if (known !== null && known['hash'] !== idempotency?.hash) {
      throw new ElucidError(
        'idempotency-conflict',
        'this Idempotency-Key was used for another request; allowed is the same request, or another key',
      );
    }
    if (known !== null) return this.find(String(known['job']), created);
    if (Number(this.statements.countInState.get('queued' satisfies JobState)?.['count']) >= maxQueued) {
      throw new ElucidError('queue-full', `${maxQueued} jobs are waiting already`);
    }
    this.#checkRoom(bytes, this.#maxBytes * SUBMISSION_SHARE);
    return null;
  }

  /** @param files the sizes of its files, which are there already */
  insert(job: NewJob, files: FileSizes, maxQueued: number): CreatedJob {
    // While the files were written, another request may have had the same key or the last place.
    const known = this.admit(job, 0, maxQueued);
    if (known !== null) return { job: known, created: false };
    const { id, kind, owner, idempotency, created } = job;
    const progress = JSON.stringify(NO_PROGRESS);
    this.statements.insert.run(id, kind, owner, progress, created, JSON.stringify(files), sum(files));
    if (idempotency !== null) this.statements.setKey.run(owner ?? '', idempotency.key, idempotency.hash, id);
    return { job: this.#tell(id, 'queued'), created: true };
  }

  /** The job that is queued for longest runs now; its id, or null when none is. */
  start(now: number): string | null {
    const row = this.statements.firstInState.get('queued' satisfies JobState);
    if (row === null) return null;
    const id = String(row['id']);
    this.statements.start.run(now, id);
    this.#tell(id, 'running');
    return id;
  }

  /** Ends a job; null when it cannot go to that state from its own. */
  end(id: string, state: JobState, error: string | null, now: number, expires: number): JobRecord | null {
    const before = JSON.stringify(statesBefore(state));
    return this.statements.end.run(state, now, expires, error, id, before) === 0 ? null : this.#tell(id, state);
  }

  /** The number of the event. */
  addEvent(id: string, type: JobEventType, data: unknown): number {
    const number = Number(this.statements.nextEvent.get(id)?.['last_event']);
    this.statements.addEvent.run(id, number, type, JSON.stringify(data));
    return number;
  }

  /** null for a job that is not there, or whose time was over at `now`. */
  find(id: string, now = 0): JobRecord | null {
    const row = this.statements.get.get(id, now);
    return row === null ? null : jobOf(row);
  }

  filesOf(id: string): FileSizes {
    const row = this.statements.files.get(id);
    return row === null ? {} : filesOf(row);
  }

  setFiles(id: string, files: FileSizes): void {
    this.statements.setFiles.run(JSON.stringify(files), sum(files), id);
  }

  /** @param bytes that would be added @throws ElucidError `storage-full` */
  checkRoom(bytes: number): void {
    this.#checkRoom(bytes, this.#maxBytes);
  }

  #checkRoom(bytes: number, most: number): void {
    const used = this.#database.bytes + Number(this.statements.bytes.get()?.['bytes']);
    if (used + bytes > most) throw noRoom();
  }

  /** The event of a state that a job has now; the job as it is then. */
  #tell(id: string, state: JobState): JobRecord {
    const job = this.find(id);
    if (job === null) throw new Error(`job ${id} has gone`);
    return { ...job, lastEvent: this.addEvent(id, EVENT_OF[state], publicJob(job)) };
  }
}

/** Bytes of all files together. */
export function sum(sizes: FileSizes): number {
  return Object.values(sizes).reduce((total, size) => total + size, 0);
}
