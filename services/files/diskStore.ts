import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { openPrivateFolder, writeAtomically } from '../../models/tensors/atomicWrite.ts';
import { isMissing } from '../../models/tensors/missing.ts';
import { ElucidError } from '../../schemas/errors.ts';
import { FILE_ID, fileId } from './fileId.ts';
import { FILE_KINDS, type FileKind, type FileStore, type NewFile, type StoredFile } from './store.ts';

export interface DiskStoreOptions {
  /** Most bytes that all files together may take on the disk. */
  readonly maxBytes: number;
  /** How long a file is kept. */
  readonly ttlMs: number;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** What stands before the content of a file: one line of JSON. */
const headerSchema = z.object({
  kind: z.enum(FILE_KINDS),
  owner: z.string().nullable(),
  mediaType: z.string(),
  sha256: z.string(),
  bytes: z.int(),
  expires: z.int(),
});

/** Longest such line. */
const MAX_HEADER = 1024;

/** What a file system gives out at least. */
const BLOCK = 4096;

/** Time between two looks for files whose time is over. */
const PRUNE_MS = 60_000;

/** What a file system says when there is no room. */
const FULL: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/**
 * Files in a folder of their own, for one process at a time, by their ids. They are found again after a restart; a kill
 * leaves a whole file or none.
 */
export class DiskFileStore implements FileStore {
  readonly #folder: string;
  readonly #maxBytes: number;
  readonly #ttlMs: number;
  readonly #now: () => number;
  readonly #files = new Map<string, StoredFile>();
  readonly #pruning: NodeJS.Timeout;
  /** Bytes of files that are being written. */
  #coming = 0;

  /** Opens the folder, which is made if need be, readable by this user only; removes what cannot be used any more. */
  static async open(folder: string, options: DiskStoreOptions): Promise<DiskFileStore> {
    await openPrivateFolder(folder);
    const store = new DiskFileStore(folder, options);
    for (const name of await readdir(folder)) {
      const file = FILE_ID.test(name) ? await readHeader(join(folder, name), name) : null;
      if (file === null) await rm(join(folder, name), { recursive: true, force: true });
      else store.#files.set(name, file);
    }
    store.prune();
    return store;
  }

  private constructor(folder: string, { maxBytes, ttlMs, now = Date.now }: DiskStoreOptions) {
    this.#folder = folder;
    this.#maxBytes = maxBytes;
    this.#ttlMs = ttlMs;
    this.#now = now;
    this.#pruning = setInterval(() => this.prune(), PRUNE_MS).unref();
  }

  async put(file: NewFile): Promise<StoredFile> {
    this.prune();
    const { content, ...facts } = file;
    const id = fileId(file);
    const sha256 = createHash('sha256').update(content).digest('hex');
    const stored = { ...facts, id, sha256, bytes: content.length, expires: this.#now() + this.#ttlMs };
    const known = this.#files.get(id);
    // It is not pruned while it is written again.
    if (known !== undefined) this.#files.set(id, stored);
    const size = known === undefined ? sizeOnDisk(stored) : 0;
    if (this.#used() + size > this.#maxBytes) throw noRoom();
    this.#coming += size;
    try {
      await writeAtomically(this.#path(id), [headerOf(stored), content]);
      this.#files.set(id, stored);
    } catch (error) {
      if (error instanceof Error && 'code' in error && FULL.has(String(error.code))) throw noRoom();
      throw error;
    } finally {
      this.#coming -= size;
    }
    return stored;
  }

  async get(kind: FileKind, id: string): Promise<{ file: StoredFile; content: Uint8Array } | null> {
    const file = this.#files.get(id);
    if (file === undefined || file.kind !== kind || file.expires <= this.#now()) return null;
    try {
      const whole = await readFile(this.#path(id));
      return { file, content: whole.subarray(whole.indexOf(0x0a) + 1) };
    } catch (error) {
      if (!isMissing(error)) throw error;
      this.#files.delete(id);
      return null;
    }
  }

  prune(): number {
    const now = this.#now();
    const over = [...this.#files.values()].filter(({ expires }) => expires <= now);
    for (const { id } of over) {
      this.#files.delete(id);
      rmSync(this.#path(id), { force: true });
    }
    return over.length;
  }

  close(): void {
    clearInterval(this.#pruning);
  }

  #used(): number {
    return [...this.#files.values()].reduce((sum, file) => sum + sizeOnDisk(file), this.#coming);
  }

  #path(id: string): string {
    return join(this.#folder, id);
  }
}

function headerOf({ id: _id, ...header }: StoredFile): Buffer {
  return Buffer.from(`${JSON.stringify(header)}\n`);
}

/** null for a file that is none of ours. */
async function readHeader(path: string, id: string): Promise<StoredFile | null> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_HEADER), 0, MAX_HEADER, 0);
    const [line = ''] = buffer.toString('utf8', 0, bytesRead).split('\n', 1);
    const header = headerSchema.safeParse(jsonOf(line));
    return header.success ? { id, ...header.data } : null;
  } finally {
    await file.close();
  }
}

/** undefined for text that is no JSON. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function sizeOnDisk({ bytes }: StoredFile): number {
  return Math.ceil((bytes + MAX_HEADER) / BLOCK) * BLOCK;
}

function noRoom(): ElucidError {
  return new ElucidError(
    'storage-full',
    'there is no room to keep images: the disk under DATA_DIR is full, or IMAGES_DISK_BYTES is used up',
  );
}
