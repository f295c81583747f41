import Libsql from 'libsql';
import { ElucidError } from '../../../schemas/errors.ts';
import { MIGRATIONS } from './migrations.ts';

export type SqlValue = string | number | null;
export type Row = Readonly<Record<string, unknown>>;

/** Milliseconds that a statement waits where somebody looks at the file with another program. */
const BUSY_MS = 2000;

/** Size that the log of writes is cut to when it was larger. */
const LOG_BYTES = 16 * 2 ** 20;

/** Errors of SQLite that mean: no room. */
const FULL: ReadonlySet<string> = new Set(['SQLITE_FULL', 'SQLITE_IOERR_WRITE', 'SQLITE_IOERR_SHMSIZE']);

/** A statement that was prepared once. */
export interface Statement {
  /** The number of rows that it changed. */
  run(...values: readonly SqlValue[]): number;
  get(...values: readonly SqlValue[]): Row | null;
  all(...values: readonly SqlValue[]): readonly Row[];
}

/**
 * One SQLite file, its schema brought up to date.
 *
 * `journal_mode=WAL` with `synchronous=NORMAL`: a write is a system call, without waiting for the disk, so that it may be
 * done on the main thread (its rows are small). What was written is the kernel's then, and outlives a kill -9 of the
 * process. A loss of power may take the latest moments (as FULL would not), but never leaves the file damaged or half a
 * transaction in it: a job is then found as it was moments before, and goes on from there.
 */
export class SqliteDatabase {
  readonly #database: InstanceType<typeof Libsql>;

  constructor(path: string) {
    this.#database = new Libsql(path, { timeout: BUSY_MS });
    // Room is given back when jobs are forgotten. It counts before the first table; later it would only be a write.
    if (this.#number('user_version') === 0) this.#database.exec('PRAGMA auto_vacuum = INCREMENTAL');
    this.#database.exec('PRAGMA journal_mode = WAL');
    this.#database.exec('PRAGMA synchronous = NORMAL');
    this.#database.exec('PRAGMA foreign_keys = ON');
    this.#database.exec(`PRAGMA journal_size_limit = ${LOG_BYTES}`);
    this.#migrate();
  }

  prepare(sql: string): Statement {
    const statement = guarded(() => this.#database.prepare<[readonly SqlValue[]]>(sql));
    // libsql takes a lone object for a list of values, and fails on a lone null: it is always given a list.
    return {
      run: (...values) => guarded(() => statement.run(values).changes),
      get: (...values) => guarded(() => rowOf(statement.get(values))),
      all: (...values) => guarded(() => statement.all(values).map(asRow)),
    };
  }

  /** Runs `work` as a whole or not at all. (libsql's own `transaction` hides an error that has ended the transaction.) */
  transaction<Result>(work: () => Result): Result {
    guarded(() => this.#database.exec('BEGIN IMMEDIATE'));
    try {
      const result = work();
      guarded(() => this.#database.exec('COMMIT'));
      return result;
    } catch (error) {
      if (this.#database.inTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  /** Gives pages that are free back to the disk, and the log of writes. */
  shrink(): void {
    guarded(() => {
      this.#database.exec('PRAGMA incremental_vacuum');
      this.#database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    });
  }

  /** The size of the file without free pages. */
  get bytes(): number {
    return (this.#number('page_count') - this.#number('freelist_count')) * this.#number('page_size');
  }

  /** The log of writes stays: the next one to open the file reads it. */
  close(): void {
    this.#database.close();
  }

  #migrate(): void {
    const version = this.#number('user_version');
    const known = MIGRATIONS.length;
    if (version > known) {
      throw new Error(`the jobs were written by a newer elucid: received schema ${version}; allowed are 0 to ${known}`);
    }
    MIGRATIONS.slice(version).forEach((migration, i) => {
      this.transaction(() => {
        this.#database.exec(migration);
        this.#database.exec(`PRAGMA user_version = ${version + i + 1}`);
      });
    });
  }

  #number(pragma: string): number {
    return Number(asRow(this.#database.prepare(`PRAGMA ${pragma}`).get())[pragma]);
  }
}

/** The error where the disk, or what may be used of it, is full. */
export function noRoom(): ElucidError {
  return new ElucidError(
    'storage-full',
    'there is no room to keep jobs: the disk under DATA_DIR is full, or DATA_DISK_BYTES is used up',
  );
}

function guarded<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (error instanceof Error && 'code' in error && FULL.has(String(error.code))) throw noRoom();
    throw error;
  }
}

function rowOf(row: unknown): Row | null {
  return row === undefined ? null : asRow(row);
}

function asRow(row: unknown): Row {
  if (typeof row !== 'object' || row === null) throw new TypeError(`a row must be an object; received ${typeof row}`);
  return { ...row };
}
