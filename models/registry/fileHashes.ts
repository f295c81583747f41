import { createHash } from 'node:crypto';
import { type BigIntStats, createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { openPrivateFolder, writeAtomically } from '../tensors/atomicWrite.ts';
import { isMissing } from '../tensors/missing.ts';
import { seal, unseal } from '../tensors/sealed.ts';

/** The file in CACHE_DIR that hashes are remembered in. */
export const HASHES_FILE = 'hashes.json';

/** Most hashes that are remembered; those that were used longest ago go first. */
const REMEMBERED = 20_000;

/**
 * A file that changed less than this before it was hashed is not remembered: another change could follow within the
 * resolution of its times, and leave them as they were.
 */
const SETTLED_NS = 2_000_000_000n;

const hex = z.string().regex(/^[0-9a-f]+$/);
const rememberedSchema = z.strictObject({
  /** What `stampOf` says of the file. */
  stamp: z.string(),
  sha256: hex.length(64),
  sha1: hex.length(40),
});
const fileSchema = z.strictObject({
  files: z.array(z.tuple([z.string(), rememberedSchema])),
  joined: z.array(z.tuple([z.string(), hex.length(64)])),
});

export interface FileHashesOptions {
  /** Remember for later, but believe nothing from earlier. Default: false. */
  readonly anew?: boolean;
  /** The present in milliseconds. Default: the system's clock. */
  readonly now?: () => number;
}

/** What a file holds. */
export interface FileDigests {
  readonly bytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
  /** Hexadecimal. */
  readonly sha1: string;
}

/**
 * Hashes files, and remembers the result as long as a file's path, device, inode, size and times stay the same, so that a
 * service with hundreds of megabytes of models does not read them at every start.
 */
export class FileHashes {
  private readonly path: string | null;
  private readonly files: Map<string, z.output<typeof rememberedSchema>>;
  private readonly joined: Map<string, string>;
  private readonly now: () => number;
  private changed = false;
  private last: Promise<unknown> = Promise.resolve();

  private constructor(path: string | null, remembered: z.output<typeof fileSchema>, now: () => number) {
    this.path = path;
    this.now = now;
    this.files = new Map(remembered.files);
    this.joined = new Map(remembered.joined);
  }

  /** Remembers nothing from earlier, and nothing for later. */
  static forgetful(): FileHashes {
    return new FileHashes(null, { files: [], joined: [] }, Date.now);
  }

  /** With what is remembered in a folder, which is created; a damaged memory is the same as none. */
  static async open(folder: string, { anew = false, now = Date.now }: FileHashesOptions = {}): Promise<FileHashes> {
    await openPrivateFolder(folder);
    const path = join(folder, HASHES_FILE);
    const remembered = anew ? null : parse(await readIfThere(path));
    return new FileHashes(path, remembered ?? { files: [], joined: [] }, now);
  }

  /** @throws Error of the file system when the file cannot be read */
  async digests(path: string): Promise<FileDigests> {
    const before = await stat(path, { bigint: true });
    const stamp = stampOf(before);
    const known = this.files.get(path);
    if (known?.stamp === stamp) {
      this.files.delete(path);
      this.files.set(path, known);
      return { bytes: Number(before.size), sha256: known.sha256, sha1: known.sha1 };
    }
    const started = BigInt(this.now()) * 1_000_000n;
    const [sha256 = '', sha1 = ''] = await this.hash([path], ['sha256', 'sha1']);
    const after = await stat(path, { bigint: true });
    this.files.delete(path);
    this.changed = true;
    if (stampOf(after) === stamp && started - before.mtimeNs > SETTLED_NS && started - before.ctimeNs > SETTLED_NS) {
      this.files.set(path, { stamp, sha256, sha1 });
    }
    return { bytes: Number(after.size), sha256, sha1 };
  }

  /** Has a file hashed anew when it is asked for next: its content is not what is remembered, whatever its times say. */
  forget(path: string): void {
    this.changed = this.files.delete(path) || this.changed;
  }

  /**
   * SHA-256 of several files one after another.
   * @param files with the SHA-256 of each
   */
  async joinedSha256(files: readonly { readonly path: string; readonly sha256: string }[]): Promise<string> {
    const [only] = files;
    if (only !== undefined && files.length === 1) return only.sha256;
    const key = files.map(({ sha256 }) => sha256).join();
    const name = createHash('sha256').update(key).digest('hex');
    const known = this.joined.get(name);
    this.joined.delete(name);
    this.changed ||= known === undefined;
    const paths = files.map(({ path }) => path);
    const joined = known ?? (await this.hash(paths, ['sha256']))[0] ?? '';
    this.joined.set(name, joined);
    return joined;
  }

  /** One after another: of files that are hashed at once every turn of the event loop would bring a piece of each. */
  private hash(paths: readonly string[], algorithms: readonly string[]): Promise<string[]> {
    const hashed = this.last.then(() => hash(paths, algorithms));
    this.last = hashed.catch(() => undefined);
    return hashed;
  }

  /** Writes down what is new. */
  async save(): Promise<void> {
    if (this.path === null || !this.changed) return;
    this.changed = false;
    const files = [...this.files].slice(-REMEMBERED);
    const joined = [...this.joined].slice(-REMEMBERED);
    await writeAtomically(this.path, [seal(JSON.stringify({ files, joined }))]);
  }
}

/** Changes with everything that tells one state of a file from another without reading it. */
function stampOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
}

async function hash(paths: readonly string[], algorithms: readonly string[]): Promise<string[]> {
  const hashes = algorithms.map((algorithm) => createHash(algorithm));
  for (const path of paths) {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
      for (const one of hashes) one.update(chunk);
    }
  }
  return hashes.map((one) => one.digest('hex'));
}

function parse(bytes: Uint8Array | null): z.output<typeof fileSchema> | null {
  const text = bytes === null ? null : unseal(bytes);
  if (text === null) return null;
  const result = fileSchema.safeParse(JSON.parse(text));
  return result.success ? result.data : null;
}

async function readIfThere(path: string): Promise<Buffer | null> {
  try {
    return await readFile(path);
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}
