import { createHash, randomUUID } from 'node:crypto';
import type { Stats } from 'node:fs';
import { copyFile, link, mkdir, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { openPrivateFolder, writeAtomically } from './atomicWrite.ts';
import { isMissing } from './missing.ts';
import { type StoredTensor, sizeOf, type Tensor } from './tensor.ts';

const BYTES = Float32Array.BYTES_PER_ELEMENT;

/** Behind a tensor's values its file holds their SHA-256. */
export const CHECKSUM_BYTES = 32;

/** How the file of a tensor ends. */
export const TENSOR_SUFFIX = '.bin';

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

/** A tensor's file is missing from the store, or has another size than the tensor. It can be rebuilt from the model. */
export class MissingTensorError extends Error {
  readonly code = 'missing-tensor';
}

/**
 * The folder that holds every tensor the engines map: one subfolder per model (its content hash) with the network's
 * weights, derived constants and compiled graphs. Files are immutable, named by content, written under a temporary
 * name and renamed, so that processes may share the folder and a kill leaves nothing half-written that is read.
 * A tensor's file holds its values (raw little-endian float32) and then their SHA-256 (32 bytes).
 * The whole folder may be deleted at any time.
 */
export class TensorStore {
  readonly root: string;

  private constructor(root: string) {
    this.root = root;
  }

  /** Opens the store at `root`, creating it readable by this user only. */
  static async open(root: string): Promise<TensorStore> {
    await openPrivateFolder(root);
    return new TensorStore(root);
  }

  /** Path of a file in a model's folder, which is created. @throws RangeError when a name could leave the store. */
  async companion(folder: string, name: string): Promise<string> {
    const path = join(this.folderPath(folder), checkedName(name));
    await mkdir(this.folderPath(folder), { recursive: true, mode: 0o700 });
    return path;
  }

  /** Path of a tensor's file. @throws MissingTensorError when it is not there whole. */
  async path(tensor: StoredTensor): Promise<string> {
    const path = this.pathOf(tensor);
    const bytes = await sizeOfFile(path);
    if (bytes !== fileSize(tensor)) throw missing(tensor, bytes);
    return path;
  }

  /** Whether a tensor's file is there with the right size. */
  async has(tensor: StoredTensor): Promise<boolean> {
    return (await sizeOfFile(this.pathOf(tensor))) === fileSize(tensor);
  }

  /** A tensor's values; those of a stored one are copied into memory. @throws MissingTensorError */
  async read(tensor: Tensor): Promise<Float32Array> {
    if (tensor.kind === 'array') return tensor.data;
    const bytes = await readIfThere(await this.path(tensor));
    if (bytes?.length !== fileSize(tensor)) throw missing(tensor, bytes?.length ?? null);
    return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length - CHECKSUM_BYTES));
  }

  /** Writes a tensor's values; does nothing when its file is there already. */
  async write(tensor: StoredTensor, data: Float32Array): Promise<void> {
    if (data.length !== sizeOf(tensor.shape)) {
      throw new RangeError(`tensor ${tensor.key} has ${sizeOf(tensor.shape)} values, got ${data.length}`);
    }
    if (await this.has(tensor)) return;
    const values = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    await writeAtomically(this.pathOf(tensor), [values, createHash('sha256').update(values).digest()]);
  }

  /**
   * Makes a tensor of another model's folder a file of this one too, without a copy where the file system has hard links.
   * @returns the tensor in this folder
   * @throws MissingTensorError when it is not there whole
   */
  async link(tensor: StoredTensor, folder: string): Promise<StoredTensor> {
    const path = await this.path(tensor);
    const linked = linkedTensor(tensor, folder);
    if (linked === tensor || (await this.has(linked))) return linked;
    const temporary = await this.companion(folder, `link-${randomUUID()}`);
    try {
      await link(path, temporary).catch(() => copyFile(path, temporary));
      await rename(temporary, this.pathOf(linked));
    } catch (error) {
      throw isMissing(error) ? missing(tensor, null) : error;
    } finally {
      await rm(temporary, { force: true });
    }
    return linked;
  }

  /** Writes a file into a model's folder atomically, replacing one of that name. Returns its path. */
  async writeFile(folder: string, name: string, bytes: Uint8Array): Promise<string> {
    const path = join(this.folderPath(folder), checkedName(name));
    await writeAtomically(path, [bytes]);
    return path;
  }

  /** The content of a file in a model's folder, or null when there is none. */
  async readFile(folder: string, name: string): Promise<Buffer | null> {
    return readIfThere(join(this.folderPath(folder), checkedName(name)));
  }

  /** Removes a file of a model's folder, if it is there. */
  async remove(folder: string, name: string): Promise<void> {
    await rm(join(this.folderPath(folder), checkedName(name)), { force: true });
  }

  /** Marks files of a model's folder as used now, for `evict`; missing ones are passed over. */
  async touch(folder: string, names: readonly string[]): Promise<void> {
    const now = new Date();
    await Promise.all(
      names.map((name) =>
        utimes(join(this.folderPath(folder), checkedName(name)), now, now).catch((error: unknown) => {
          if (!isMissing(error)) throw error;
        }),
      ),
    );
  }

  /**
   * Deletes the least recently used files until the store holds at most `limit` bytes. Deleting unlinks: a process that
   * has mapped a file keeps it, and whoever needs it again makes it again.
   * @returns the number of files that were deleted
   */
  async evict(limit: number): Promise<number> {
    const files = (await Promise.all((await this.folders()).map((folder) => this.filesOf(folder)))).flat();
    let total = files.reduce((sum, { bytes }) => sum + bytes, 0);
    let deleted = 0;
    for (const { path, bytes } of files.sort((a, b) => a.used - b.used)) {
      if (total <= limit) break;
      await rm(path, { force: true });
      total -= bytes;
      deleted += 1;
    }
    return deleted;
  }

  /** The folders of all models that the store holds something of. */
  async folders(): Promise<string[]> {
    const entries = await ifThere(readdir(this.root, { withFileTypes: true }));
    return (entries ?? []).filter((entry) => entry.isDirectory() && NAME.test(entry.name)).map(({ name }) => name);
  }

  /** The names of the files in a model's folder; none when there is no such folder. */
  async names(folder: string): Promise<string[]> {
    return (await ifThere(readdir(this.folderPath(folder)))) ?? [];
  }

  /** Files and when they were used last; other processes may delete some meanwhile. */
  private async filesOf(folder: string): Promise<{ path: string; bytes: number; used: number }[]> {
    const names = (await ifThere(readdir(join(this.root, folder)))) ?? [];
    const files = await Promise.all(
      names.map(async (name) => {
        const path = join(this.root, folder, name);
        const found = await statOf(path);
        return found === null ? [] : [{ path, bytes: found.size, used: found.mtimeMs }];
      }),
    );
    return files.flat();
  }

  private folderPath(folder: string): string {
    return join(this.root, checkedName(folder));
  }

  private pathOf(tensor: StoredTensor): string {
    return join(this.folderPath(tensor.folder), `${checkedName(tensor.key)}${TENSOR_SUFFIX}`);
  }
}

/** A tensor as a file of a folder: itself, or, when it is another model's, the link to it. */
export function linkedTensor(tensor: StoredTensor, folder: string): StoredTensor {
  return tensor.folder === folder ? tensor : { ...tensor, folder, key: `${tensor.folder}.${tensor.key}` };
}

function checkedName(name: string): string {
  if (!NAME.test(name)) throw new RangeError(`not a name in the tensor store: ${JSON.stringify(name)}`);
  return name;
}

function fileSize(tensor: StoredTensor): number {
  return sizeOf(tensor.shape) * BYTES + CHECKSUM_BYTES;
}

function missing(tensor: StoredTensor, found: number | null): MissingTensorError {
  return new MissingTensorError(
    `tensor ${tensor.key} of ${tensor.folder} should have ${fileSize(tensor)} bytes, found ${found ?? 'no file'}`,
  );
}

async function sizeOfFile(path: string): Promise<number | null> {
  return (await statOf(path))?.size ?? null;
}

function statOf(path: string): Promise<Stats | null> {
  return ifThere(stat(path));
}

function readIfThere(path: string): Promise<Buffer | null> {
  return ifThere(readFile(path));
}

/** The result of an operation on a file, or null when the file does not exist. */
async function ifThere<Result>(operation: Promise<Result>): Promise<Result | null> {
  try {
    return await operation;
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}
