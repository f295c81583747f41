import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { isMissing } from './missing.ts';
import { CHECKSUM_BYTES, TENSOR_SUFFIX, type TensorStore } from './store.ts';

const CHUNK_BYTES = 1 << 20;

/** What became of a tensor's file. */
type Finding = 'whole' | 'damaged' | 'gone';

/**
 * The names of a folder's tensors whose values are not those that were written: their SHA-256 is not the one behind
 * them. Tensors that are deleted meanwhile are passed over.
 * @param bytesPerSecond how fast files are read at most
 */
export async function damagedTensors(
  store: TensorStore,
  folder: string,
  bytesPerSecond = Number.POSITIVE_INFINITY,
): Promise<string[]> {
  const damaged: string[] = [];
  for (const name of await tensorNames(store, folder)) {
    if ((await verify(join(store.root, folder, name), bytesPerSecond)) === 'damaged') damaged.push(name);
  }
  return damaged;
}

/**
 * Deletes what may have been computed from damaged weights: a model's derived constants and compiled graphs. Its weights
 * (named by the SHA-256 of their values) and structure stay.
 */
export async function discardDerived(store: TensorStore, folder: string): Promise<void> {
  for (const name of await store.names(folder)) {
    if (name.startsWith('graph-')) await store.remove(folder, name);
  }
  for (const name of await tensorNames(store, folder)) {
    const checksum = await readChecksum(join(store.root, folder, name));
    if (`${checksum}${TENSOR_SUFFIX}` !== name) await store.remove(folder, name);
  }
}

async function tensorNames(store: TensorStore, folder: string): Promise<string[]> {
  return (await store.names(folder)).filter((name) => name.endsWith(TENSOR_SUFFIX));
}

async function verify(path: string, bytesPerSecond: number): Promise<Finding> {
  const finding = await withFile(path, async (file) => {
    const values = (await file.stat()).size - CHECKSUM_BYTES;
    if (values < 0) return 'damaged';
    const hash = createHash('sha256');
    const chunk = Buffer.alloc(CHUNK_BYTES);
    for (let at = 0; at < values; ) {
      const { bytesRead } = await file.read(chunk, 0, Math.min(CHUNK_BYTES, values - at), at);
      if (bytesRead === 0) return 'damaged';
      hash.update(chunk.subarray(0, bytesRead));
      at += bytesRead;
      if (Number.isFinite(bytesPerSecond)) await setTimeout((1000 * bytesRead) / bytesPerSecond);
    }
    return hash.digest('hex') === (await checksumAt(file, values)) ? 'whole' : 'damaged';
  });
  return finding ?? 'gone';
}

function readChecksum(path: string): Promise<string | null> {
  return withFile(path, async (file) => {
    const { size } = await file.stat();
    return size < CHECKSUM_BYTES ? null : checksumAt(file, size - CHECKSUM_BYTES);
  });
}

async function checksumAt(file: FileHandle, position: number): Promise<string> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(CHECKSUM_BYTES), 0, CHECKSUM_BYTES, position);
  return buffer.subarray(0, bytesRead).toString('hex');
}

/** What `use` gives of an open file; null when there is no such file. */
async function withFile<Result>(path: string, use: (file: FileHandle) => Promise<Result>): Promise<Result | null> {
  const file = await open(path, 'r').catch((error: unknown) => {
    if (isMissing(error)) return null;
    throw error;
  });
  if (file === null) return null;
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}
