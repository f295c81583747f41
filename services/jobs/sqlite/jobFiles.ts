import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openPrivateFolder, writeAtomically } from '../../../models/tensors/atomicWrite.ts';
import { isMissing } from '../../../models/tensors/missing.ts';
import { noRoom } from './database.ts';

/** What a file system says when there is no room, or when the user or the process may have no more of it. */
const FULL: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** A folder into which a file was written meanwhile is not empty. */
const RETRIES = { maxRetries: 10, retryDelay: 10 };

const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

/**
 * The large parts of jobs, one folder per job: files are written and read beside the main thread, which SQLite's blobs are
 * not. A file is whole or not there, and on the disk when it was written.
 */
export class JobFiles {
  readonly #root: string;

  private constructor(root: string) {
    this.#root = root;
  }

  /** Opens the folder, creating it readable by this user only. */
  static async open(root: string): Promise<JobFiles> {
    await openPrivateFolder(root);
    return new JobFiles(root);
  }

  /** Ids of all jobs that have files. */
  async jobs(): Promise<string[]> {
    return readdir(this.#root);
  }

  /** @throws ElucidError `storage-full` */
  async write(job: string, name: string, bytes: Uint8Array): Promise<void> {
    try {
      await writeAtomically(this.#path(job, name), [bytes], { durable: true });
    } catch (error) {
      if (error instanceof Error && 'code' in error && FULL.has(String(error.code))) throw noRoom();
      throw error;
    }
  }

  /** null when there is none. */
  async read(job: string, name: string): Promise<Uint8Array | null> {
    try {
      const { buffer, byteOffset, length } = await readFile(this.#path(job, name));
      return new Uint8Array(buffer, byteOffset, length);
    } catch (error) {
      if (isMissing(error)) return null;
      throw error;
    }
  }

  async remove(job: string, names: readonly string[]): Promise<void> {
    await Promise.all(names.map((name) => rm(this.#path(job, name), { force: true })));
  }

  /** Also while a file is being written there, which may outlive this. */
  async removeAll(jobs: readonly string[]): Promise<void> {
    for (const job of jobs) await rm(this.#folder(job), { recursive: true, force: true, ...RETRIES });
  }

  #folder(job: string): string {
    if (!NAME.test(job)) throw new RangeError(`a job's id must match ${NAME}; received ${JSON.stringify(job)}`);
    return join(this.#root, job);
  }

  #path(job: string, name: string): string {
    if (!NAME.test(name)) throw new RangeError(`a part's name must match ${NAME}; received ${JSON.stringify(name)}`);
    return join(this.#folder(job), name);
  }
}
