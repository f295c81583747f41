import { randomUUID } from 'node:crypto';
import { chmod, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isMissing } from './missing.ts';

/** How often a write starts again when its folder is deleted meanwhile. */
const ATTEMPTS = 5;

/** Creates a folder if need be, and makes it readable by this user only. */
export async function openPrivateFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  await chmod(path, 0o700);
}

/**
 * Writes a file under a temporary name and renames it: whoever reads finds the old content or the new one, whatever
 * happens meanwhile. Creates its folder. Both are private to the user.
 * @param parts written one after the other
 * @param options.durable whether the content must be on the disk before the file has its name, so that a loss of power
 *   leaves no empty file either; takes as long as the disk does
 */
export async function writeAtomically(
  path: string,
  parts: readonly Uint8Array[],
  { durable = false }: { readonly durable?: boolean } = {},
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      return await writeOnce(path, parts, durable);
    } catch (error) {
      if (!isMissing(error) || attempt === ATTEMPTS) throw error;
    }
  }
}

async function writeOnce(path: string, parts: readonly Uint8Array[], durable: boolean): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      for (const part of parts) await file.writeFile(part);
      if (durable) await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
}
