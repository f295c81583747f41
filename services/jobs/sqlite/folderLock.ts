import Libsql from 'libsql';

/** Another process uses the folder. */
export class FolderInUseError extends Error {
  override readonly name = 'FolderInUseError';
}

/**
 * The right to use a folder alone: SQLite's exclusive lock on a file in it. The lock is the operating system's and ends
 * with the process, however that ends; the file stays and means nothing by itself.
 */
export class FolderLock {
  readonly #database: InstanceType<typeof Libsql>;

  /** @throws FolderInUseError when another process holds it */
  constructor(path: string) {
    this.#database = new Libsql(path);
    try {
      // Nothing is written, also where the disk is full.
      this.#database.exec('PRAGMA journal_mode = MEMORY');
      this.#database.exec('BEGIN EXCLUSIVE');
    } catch (error) {
      this.#database.close();
      if (error instanceof Error && 'code' in error && error.code === 'SQLITE_BUSY') {
        throw new FolderInUseError(`another service holds ${path}`);
      }
      throw error;
    }
  }

  release(): void {
    this.#database.exec('ROLLBACK');
    this.#database.close();
  }
}
