import { createHash, randomUUID } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import type { ModelFile } from '../../../schemas/manifest.ts';
import { isMissing } from '../../tensors/missing.ts';
import { isStated } from './digests.ts';
import { DownloadFault } from './fault.ts';

/** Where a file goes, and where it grows before. */
export interface Destination {
  readonly path: string;
  /**
   * Beside it. The same for the same address and checksum, so that a download that was cut can go on; of a file without
   * a checksum never the same, as nothing would tell whether the two parts belong together.
   */
  readonly partial: string;
}

/**
 * The place of a model's file, in a folder that need not exist yet.
 * @throws DownloadFault when it lies, through a link, outside the model's folder
 */
export async function destinationOf(folder: string, file: ModelFile): Promise<Destination> {
  const path = join(folder, file.path);
  const inside = await realpath(folder);
  const existing = await nearestFolder(dirname(path));
  if (existing !== inside && !existing.startsWith(inside + sep)) {
    throw new DownloadFault("its place lies outside the model's folder");
  }
  return { path, partial: join(dirname(path), `.${basename(path)}.${partialKey(file)}.part`) };
}

function partialKey(file: ModelFile): string {
  if (!isStated(file)) return randomUUID();
  const identity = JSON.stringify([file.url, file.sha256, file.sha1]);
  return createHash('sha256').update(identity).digest('hex').slice(0, 16);
}

/** The real path of the deepest folder on the way to `path` that exists. */
async function nearestFolder(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (!isMissing(error)) throw error;
    return nearestFolder(dirname(path));
  }
}
