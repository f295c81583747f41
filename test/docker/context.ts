import { cp, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const root = join(import.meta.dirname, '../..');

export interface Folder {
  readonly path: string;
  remove(): Promise<void>;
}

export async function temporaryFolder(): Promise<Folder> {
  const path = await mkdtemp(join(tmpdir(), 'elucid-docker-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** Copies what .dockerignore lets through, and links the installed dependencies beside it. */
export async function buildContext(into: string): Promise<void> {
  const lines = (await readFile(join(root, '.dockerignore'), 'utf8')).split('\n');
  for (const line of lines.filter((pattern) => pattern.startsWith('!'))) {
    const target = join(into, line.slice(1));
    await mkdir(dirname(target), { recursive: true });
    await cp(join(root, line.slice(1)), target, { recursive: true });
  }
  await symlink(join(root, 'node_modules'), join(into, 'node_modules'), 'dir');
}
