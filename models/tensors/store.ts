import { randomUUID } from 'node:crypto';
import type { Stats } from 'node:fs';
import { chmod, mkdir, open, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { type StoredTensor, sizeOf, type Tensor } from './tensor.ts';

const BYTES = Float32Array.BYTES_PER_ELEMENT;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

/** A tensor's file is missing from the store, or has another size than the tensor. It can be rebuilt from the model. */
export class MissingTensorError extends Error {
  readonly code = 'missing-tensor';
}

/**
 * The folder that holds every tensor the engines map: one subfolder per model (its content hash) with the network's
 * weights, derived constants and compiled graphs. Files are immutable, named by content, written under a temporary
 * name and renamed, so that processes may share the folder and a kill leaves nothing half-written that is read.
 * The whole folder may be deleted at any time.
 */
export class TensorStore {
  readonly root: string;

  private constructor(root: string) {
    this.root = root;
  }

  /** Opens the store at `root`, creating it readable by this user only. */
  static async open(root: string): Promise<TensorStore> {
    await mkdir(root, { recursive: true, mode: 0o700 });
    await chmod(root, 0o700);
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
    if (bytes !== sizeOf(tensor.shape) * BYTES) {
      throw new MissingTensorError(
        `tensor ${tensor.key} of ${tensor.folder} should have ${sizeOf(tensor.shape) * BYTES} bytes, found ${bytes ?? 'no file'}`,
      );
    }
    return path;
  }

  /** Whether a tensor's file is there with the right size. */
  async has(tensor: StoredTensor): Promise<boolean> {
    return (await sizeOfFile(this.pathOf(tensor))) === sizeOf(tensor.shape) * BYTES;
  }

  /** A tensor's values; those of a stored one are copied into memory. @throws MissingTensorError */
  async read(tensor: Tensor): Promise<Float32Array> {
    if (tensor.kind === 'array') return tensor.data;
    const bytes = await readFile(await this.path(tensor));
    return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  }

  /** Writes a tensor's values; does nothing when its file is there already. */
  async write(tensor: StoredTensor, data: Float32Array): Promise<void> {
    if (data.length !== sizeOf(tensor.shape)) {
      throw new RangeError(`tensor ${tensor.key} has ${sizeOf(tensor.shape)} values, got ${data.length}`);
    }
    if (await this.has(tensor)) return;
    await this.writeFile(
      tensor.folder,
      `${tensor.key}.bin`,
      new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    );
  }

  /** Writes a file into a model's folder atomically, replacing one of that name. Returns its path. */
  async writeFile(folder: string, name: string, bytes: Uint8Array): Promise<string> {
    const path = await this.companion(folder, name);
    const temporary = `${path}.${randomUUID()}.tmp`;
    try {
      const file = await open(temporary, 'wx', 0o600);
      try {
        await file.writeFile(bytes);
      } finally {
        await file.close();
      }
      await rename(temporary, path);
    } finally {
      await rm(temporary, { force: true });
    }
    return path;
  }

  /** The content of a file in a model's folder, or null when there is none. */
  async readFile(folder: string, name: string): Promise<Buffer | null> {
    try {
      return await readFile(await this.companion(folder, name));
    } catch (error) {
      if (isMissing(error)) return null;
      throw error;
    }
  }

  /** Removes a file of a model's folder, if it is there. */
  async remove(folder: string, name: string): Promise<void> {
    await rm(await this.companion(folder, name), { force: true });
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

  private async folders(): Promise<string[]> {
    const entries = await readdir(this.root, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  }

  /** Files and when they were used last; other processes may delete some meanwhile. */
  private async filesOf(folder: string): Promise<{ path: string; bytes: number; used: number }[]> {
    const names = await readdir(join(this.root, folder));
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
    return join(this.folderPath(tensor.folder), `${checkedName(tensor.key)}.bin`);
  }
}

function checkedName(name: string): string {
  if (!NAME.test(name)) throw new RangeError(`not a name in the tensor store: ${JSON.stringify(name)}`);
  return name;
}

async function sizeOfFile(path: string): Promise<number | null> {
  return (await statOf(path))?.size ?? null;
}

async function statOf(path: string): Promise<Stats | null> {
  try {
    return await stat(path);
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT';
}
