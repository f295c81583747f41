import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { SqliteDatabase } from '../../services/jobs/sqlite/database.ts';
import { FolderInUseError } from '../../services/jobs/sqlite/folderLock.ts';
import { SqliteJobStore } from '../../services/jobs/sqlite/sqliteStore.ts';
import { codeOf, newJob } from './newJob.ts';

let folder: string;
const opened: SqliteJobStore[] = [];

async function open(maxBytes = 2 ** 30): Promise<SqliteJobStore> {
  const store = await SqliteJobStore.open(folder, { maxBytes });
  opened.push(store);
  return store;
}

async function close(store: SqliteJobStore): Promise<void> {
  opened.splice(opened.indexOf(store), 1);
  await store.close();
}

beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'elucid-jobs-')), 'data');
});

afterEach(async () => {
  for (const store of opened.splice(0)) await store.close();
  await rm(join(folder, '..'), { recursive: true, force: true });
});

const filesOf = async (id: string) => (await readdir(join(folder, 'jobs', id)).catch(() => ['no folder'])).sort();

describe('the folder', () => {
  test('is readable by its user alone', async () => {
    await open();
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
  });

  test('belongs to one store at a time; a lock file of an ended one means nothing', async () => {
    const store = await open();
    await expect(open()).rejects.toThrow(FolderInUseError);
    await store.create(newJob(), 1);
    await close(store);
    expect(await readdir(folder)).toContain('lock.sqlite');
    const next = await open();
    expect(await next.list({ owner: null, state: null, limit: 9, before: null, now: 0 })).toHaveLength(1);
  });

  test('gives everything back to the next store', async () => {
    const first = await open();
    const [done, running, waiting] = [
      newJob({ request: '"a"' }),
      newJob({ request: '"b"' }),
      newJob({ request: '"c"' }),
    ];
    for (const job of [done, running, waiting]) await first.create(job, 9);
    await first.claim(5);
    await first.claim(6);
    await first.end(done.id, { state: 'succeeded', body: '{}', blobs: { x: Uint8Array.of(9) } }, 7, 1e6);
    await first.saveCheckpoint(running.id, Uint8Array.of(7), 50);
    await close(first);
    const second = await open();
    expect((await second.output(done.id))?.blobs['x']?.[0]).toBe(9);
    expect(await second.interrupted()).toEqual([running.id]);
    expect(await second.resume(running.id)).toMatchObject({ request: '"b"', ranMs: 50, interruptions: 1 });
    expect((await second.claim(8))?.job.id).toBe(waiting.id);
    expect((await second.events(done.id, 0, 9)).map(({ type }) => type)).toEqual(['queued', 'running', 'result']);
  });

  test('holds no files that belong to no job, or that a job needs no more', async () => {
    const store = await open();
    const [done, failed] = [newJob(), newJob()];
    for (const job of [done, failed]) await store.create(job, 9);
    await store.claim(5);
    await store.claim(6);
    for (const { id } of [done, failed]) await store.saveCheckpoint(id, Uint8Array.of(7), 50);
    expect(await filesOf(done.id)).toEqual(['checkpoint', 'request']);
    await store.end(done.id, { state: 'succeeded', body: '{}', blobs: { x: Uint8Array.of(9) } }, 7, 107);
    expect(await filesOf(done.id)).toEqual(['body', 'part-x', 'request']);
    expect(
      await codeOf(store.end(done.id, { state: 'succeeded', body: '{}', blobs: { y: Uint8Array.of(9) } }, 8, 108)),
    ).toBe('no error');
    expect(await filesOf(done.id)).not.toContain('part-y');
    await store.end(failed.id, { state: 'cancelled' }, 7, 107);
    expect(await filesOf(failed.id)).toEqual(['no folder']);
    // A checkpoint that was on its way when the job ended.
    for (const { id } of [done, failed]) await store.saveCheckpoint(id, Uint8Array.of(7), 60);
    expect([await filesOf(done.id), await filesOf(failed.id)]).toEqual([['body', 'part-x', 'request'], ['no folder']]);
    await store.prune(107);
    expect(await readdir(join(folder, 'jobs'))).toEqual([]);
    await close(store);
    await execFileSync('mkdir', ['-p', join(folder, 'jobs', 'left-by-a-kill')]);
    await writeFile(join(folder, 'jobs', 'left-by-a-kill', 'request'), 'x');
    await open();
    expect(await readdir(join(folder, 'jobs'))).toEqual([]);
  });

  test('is rid of a job that is cancelled while its checkpoints are written', async () => {
    const store = await open();
    for (let n = 0; n < 20; n += 1) {
      const job = newJob();
      await store.create(job, 9);
      await store.claim(5);
      const write = store.saveCheckpoint(job.id, new Uint8Array(5000), 5);
      for (let turns = 0; turns < n; turns += 1) await new Promise((resolve) => setImmediate(resolve));
      expect((await store.end(job.id, { state: 'cancelled' }, 7, 107))?.state).toBe('cancelled');
      await write;
      expect(await filesOf(job.id)).toEqual(['no folder']);
    }
  });

  test('gives room back when jobs are forgotten', async () => {
    const store = await open();
    for (let i = 0; i < 30; i += 1) {
      const job = newJob();
      await store.create(job, 1000);
      await store.claim(5);
      await store.saveProgress(job.id, { step: 1, steps: 2, objective: null, eta_ms: null }, new Uint8Array(50_000));
      await store.end(job.id, { state: 'cancelled' }, 7, 107);
    }
    const size = async () =>
      (await stat(join(folder, 'jobs.sqlite'))).size + (await stat(join(folder, 'jobs.sqlite-wal'))).size;
    const before = await size();
    expect(await store.prune(107)).toBe(30);
    expect(await size()).toBeLessThan(before / 5);
  });
});

test('files that were changed by hand are no result: a lost request is told, a lost result is an error', async () => {
  const store = await open();
  const [lost, done] = [newJob(), newJob()];
  for (const job of [lost, done]) await store.create(job, 9);
  await rm(join(folder, 'jobs', lost.id, 'request'));
  expect((await store.claim(5))?.request).toBeNull();
  await store.claim(6);
  await store.end(done.id, { state: 'succeeded', body: '{"a":1}', blobs: {} }, 7, 107);
  await writeFile(join(folder, 'jobs', done.id, 'body'), '{"a"');
  await expect(store.output(done.id)).rejects.toThrow('should have 7 bytes');
});

describe('a full disk', () => {
  test('what all jobs may take is bounded: new ones are refused, those that are there may still end', async () => {
    const store = await open(400_000);
    const request = JSON.stringify('x'.repeat(200_000));
    const { job } = await store.create(newJob({ request }), 9);
    expect(await codeOf(store.create(newJob({ request }), 9))).toBe('storage-full');
    expect(await readdir(join(folder, 'jobs'))).toEqual([job.id]);
    await store.claim(5);
    expect(await codeOf(store.saveCheckpoint(job.id, new Uint8Array(200_000), 5))).toBe('storage-full');
    await store.saveCheckpoint(job.id, new Uint8Array(50_000), 5);
    await store.saveCheckpoint(job.id, new Uint8Array(60_000), 6);
    const success = (size: number) => ({ state: 'succeeded', body: '{}', blobs: { x: new Uint8Array(size) } }) as const;
    expect(await codeOf(store.end(job.id, success(200_000), 7, 107))).toBe('storage-full');
    expect(await filesOf(job.id)).toEqual(['checkpoint', 'request']);
    expect((await store.end(job.id, success(60_000), 7, 107))?.state).toBe('succeeded');
    await store.prune(107);
    expect((await store.create(newJob({ request }), 9)).created).toBe(true);
  });

  test('SQLite says that it is full: storage-full, and the transaction never was', () => {
    execFileSync('mkdir', ['-p', folder]);
    const database = new SqliteDatabase(join(folder, 'small.sqlite'));
    database.prepare('PRAGMA max_page_count = 20').all();
    const insert = database.prepare(
      "INSERT INTO jobs (id, kind, state, progress, created, last_event) VALUES (?, 'x', 'queued', ?, 0, 0)",
    );
    insert.run('first', '{}');
    const fill = () =>
      database.transaction(() => {
        insert.run('second', '{}');
        insert.run('third', 'x'.repeat(100_000));
      });
    expect(fill).toThrow(expect.objectContaining({ code: 'storage-full' }));
    expect(database.prepare('SELECT id FROM jobs').all()).toEqual([{ id: 'first' }]);
    database.close();
  });
});

test('a file of a newer version is refused', async () => {
  await close(await open());
  const database = new SqliteDatabase(join(folder, 'jobs.sqlite'));
  database.prepare('PRAGMA user_version = 99').all();
  database.close();
  await expect(open()).rejects.toThrow('written by a newer elucid');
});

test('a request is on the disk as it was sent', async () => {
  const store = await open();
  const { job } = await store.create(newJob({ request: '"Straße ✓"' }), 9);
  expect(await readFile(join(folder, 'jobs', job.id, 'request'), 'utf8')).toBe('"Straße ✓"');
  expect((await store.claim(5))?.request).toBe('"Straße ✓"');
});
