import { createHash } from 'node:crypto';
import { readFile, rename, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FileHashes, HASHES_FILE } from '../../models/registry/fileHashes.ts';
import { openRegistry } from '../../models/registry/registry.ts';
import { temporaryFolder, tinyFiles, tinyManifest, writeFiles } from './modelFolders.ts';

const of = (algorithm: string, text: string) => createHash(algorithm).update(text).digest('hex');

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let cache: string;
let path: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  cache = join(folder.path, 'cache');
  path = join(folder.path, 'weights.bin');
  await writeFile(path, 'first');
});
afterEach(() => folder.remove());

/** A clock by which files have not changed for a while. */
const later = () => Date.now() + 3000;

/** What is remembered after hashing the file and writing it down. */
async function remember(now = later): Promise<void> {
  const hashes = await FileHashes.open(cache, { now });
  await hashes.digests(path);
  await hashes.save();
}

/** Makes the memory say something else of the file, so that it shows when it is believed. */
async function falsify(): Promise<void> {
  const memory = join(cache, HASHES_FILE);
  const [, text = ''] = (await readFile(memory, 'utf8')).split('\n');
  const changed = text.replaceAll(of('sha256', 'first'), 'f'.repeat(64));
  await writeFile(memory, `${of('sha256', changed)}\n${changed}`);
}

async function sha256Of(options?: { anew: boolean }): Promise<string> {
  return (await (await FileHashes.open(cache, options)).digests(path)).sha256;
}

test('a file is hashed once, and its hash remembered over restarts', async () => {
  await remember();
  expect(await sha256Of()).toBe(of('sha256', 'first'));
  await falsify();
  expect(await sha256Of()).toBe('f'.repeat(64));
  expect(await sha256Of({ anew: true })).toBe(of('sha256', 'first'));
});

test.each([
  ['its size changes', () => writeFile(path, 'longer than first')],
  ['its content and time change', () => writeFile(path, 'other')],
  [
    'another file of the same size and time takes its place',
    async () => {
      const { atime, mtime } = await stat(path);
      await writeFile(`${path}.new`, 'other');
      await utimes(`${path}.new`, atime, mtime);
      await rename(`${path}.new`, path);
    },
  ],
  [
    'its content changes and its time is set back',
    async () => {
      const { atime, mtime } = await stat(path);
      await writeFile(path, 'other');
      await utimes(path, atime, mtime);
    },
  ],
])('a file is hashed again when %s', async (_, change) => {
  await remember();
  await change();
  expect(await sha256Of()).toBe(of('sha256', await readFile(path, 'utf8')));
});

test('a file that changed just now is not remembered: it may change again within the resolution of its times', async () => {
  await remember(Date.now);
  await falsify();
  expect(await sha256Of()).toBe(of('sha256', 'first'));
});

test.each([
  ['cut short', (text: string) => text.slice(0, 100)],
  ['empty', () => ''],
  ['of another form', () => `${of('sha256', '{"files":1}')}\n{"files":1}`],
  ['changed by a bit', (text: string) => text.replace(of('sha1', 'first'), of('sha1', 'other'))],
])('a memory that is %s is the same as none', async (_, damage) => {
  await remember();
  const memory = join(cache, HASHES_FILE);
  const text = await readFile(memory, 'utf8');
  expect(damage(text)).not.toBe(text);
  await writeFile(memory, damage(text));
  const digests = await (await FileHashes.open(cache)).digests(path);
  expect(digests).toEqual({ bytes: 5, sha256: of('sha256', 'first'), sha1: of('sha1', 'first') });
});

test('many files that are hashed at once leave the event loop a turn after every megabyte', async () => {
  const paths = [1, 2, 3, 4, 5, 6, 7, 8].map((number) => `${path}${number}`);
  for (const large of paths) await writeFile(large, Buffer.alloc(8 << 20));
  let turns = 0;
  let counting = setImmediate(function count() {
    turns += 1;
    counting = setImmediate(count);
  });
  const hashes = FileHashes.forgetful();
  await Promise.all(paths.map((large) => hashes.digests(large)));
  clearImmediate(counting);
  expect(turns).toBeGreaterThanOrEqual(64);
});

test('a file that cannot be hashed does not keep others from it', async () => {
  const hashes = FileHashes.forgetful();
  const [missing, there] = await Promise.allSettled([hashes.digests(folder.path), hashes.digests(path)]);
  expect(missing.status).toBe('rejected');
  expect(there).toMatchObject({ value: { sha256: of('sha256', 'first') } });
});

test('several files have the hash of their content one after another', async () => {
  await writeFile(`${path}2`, 'second');
  const files = [
    { path, sha256: of('sha256', 'first') },
    { path: `${path}2`, sha256: of('sha256', 'second') },
  ];
  const hashes = await FileHashes.open(cache);
  expect(await hashes.joinedSha256(files)).toBe(of('sha256', 'firstsecond'));
  expect(await hashes.joinedSha256(files)).toBe(of('sha256', 'firstsecond'));
  expect(await hashes.joinedSha256([...files].reverse())).toBe(of('sha256', 'secondfirst'));
});

test('a registry reads the same models with and without memory', async () => {
  await writeFiles(join(folder.path, 'models', 'tiny'), { ...tinyFiles, 'manifest.json': tinyManifest() });
  const open = (hashes: FileHashes) =>
    openRegistry({ zooDir: join(folder.path, 'models'), modelsDir: null }, hashes).then((found) => found.list());
  const first = await open(await FileHashes.open(cache, { now: later }));
  expect(first).toMatchObject([{ state: 'registered' }]);
  expect(await readFile(join(cache, HASHES_FILE), 'utf8')).toContain('weights.bin');
  expect(await open(await FileHashes.open(cache))).toEqual(first);
  expect(await open(FileHashes.forgetful())).toEqual(first);
});
