import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { DiskFileStore } from '../../services/files/diskStore.ts';
import type { NewFile } from '../../services/files/store.ts';

const TTL_MS = 1000;
const image = (...content: number[]): NewFile => ({
  ...{ kind: 'image', owner: null, mediaType: 'image/png' },
  content: Uint8Array.from(content),
});

let folder: string;
let now: number;
let store: DiskFileStore;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'elucid-files-'));
  now = 1000;
  store = await open();
});
afterEach(async () => {
  store.close();
  await rm(folder, { recursive: true, force: true });
});

const open = (maxBytes = 2 ** 20) => DiskFileStore.open(folder, { maxBytes, ttlMs: TTL_MS, now: () => now });
const names = () => readdir(folder);

test('gives back what was put, with its checksum and the end of its time', async () => {
  const file = await store.put(image(10, 1, 2, 10));
  expect(file).toMatchObject({ bytes: 4, expires: 2000, owner: null, mediaType: 'image/png' });
  expect(file.sha256).toBe(
    createHash('sha256')
      .update(Uint8Array.from([10, 1, 2, 10]))
      .digest('hex'),
  );
  const found = await store.get('image', file.id);
  expect(found?.file).toEqual(file);
  expect([...(found?.content ?? [])]).toEqual([10, 1, 2, 10]);
});

test('equal bytes of one owner are one file; of another owner, or of another kind, another', async () => {
  const { id } = await store.put(image(1));
  expect((await store.put(image(1))).id).toBe(id);
  const others = [{ ...image(1), owner: 'key' }, { ...image(1), kind: 'picture' as const }, image(2)];
  const ids = await Promise.all(others.map(async (file) => (await store.put(file)).id));
  expect(new Set([id, ...ids]).size).toBe(4);
  expect(await store.get('picture', id)).toBeNull();
});

test('a file is there until its time is over, and longer when it is put again', async () => {
  const { id } = await store.put(image(1));
  now = 1900;
  await store.put(image(1));
  now = 2899;
  expect(await store.get('image', id)).not.toBeNull();
  now = 2900;
  expect(await store.get('image', id)).toBeNull();
  expect(store.prune()).toBe(1);
  expect(await names()).toEqual([]);
});

test('files are found again after a restart, private to the user; what is half-written, foreign or over is removed', async () => {
  const old = await store.put(image(1));
  now = 1500;
  const { id } = await store.put(image(2, 3));
  await writeFile(join(folder, `${id}.1234.tmp`), 'half');
  await writeFile(join(folder, 'a'.repeat(32)), 'no header');
  now = 2100;
  store.close();
  store = await open();
  expect(await names()).toEqual([id]);
  expect(await store.get('image', old.id)).toBeNull();
  expect([...((await store.get('image', id))?.content ?? [])]).toEqual([2, 3]);
  expect([(await stat(folder)).mode & 0o777, (await stat(join(folder, id))).mode & 0o777]).toEqual([0o700, 0o600]);
});

test('there is room for so many bytes, also for files that come at the same time', async () => {
  store.close();
  store = await open(3 * 4096);
  const puts = await Promise.allSettled([1, 2, 3, 4].map((value) => store.put(image(value))));
  expect(puts.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected']);
  await expect(store.put(image(5))).rejects.toMatchObject({ code: 'storage-full' });
  // One that is there takes no more room; and what is over gives its room back.
  await expect(store.put(image(1))).resolves.toMatchObject({ bytes: 1 });
  now = 5000;
  await expect(store.put(image(5))).resolves.toMatchObject({ bytes: 1 });
});

test('names that are no ids lead nowhere', async () => {
  await writeFile(join(folder, '..', 'outside'), 'x');
  expect(await store.get('image', '../outside')).toBeNull();
  await rm(join(folder, '..', 'outside'));
});

test('a file that somebody has deleted is gone', async () => {
  const { id } = await store.put(image(1));
  await rm(join(folder, id));
  expect(await store.get('image', id)).toBeNull();
});
