import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { SqliteJobStore } from '../../services/jobs/sqlite/sqliteStore.ts';
import type { Ending, JobStore } from '../../services/jobs/store.ts';
import { MemoryJobStore } from './memoryStore.ts';
import { codeOf, newJob } from './newJob.ts';

const bytes = (...values: number[]) => Uint8Array.from(values);
const SUCCESS: Ending = { state: 'succeeded', body: '{"answer":42}', blobs: { tensor: bytes(1, 2), image: bytes() } };
const FAILURE: Ending = { state: 'failed', error: { code: 'worker-lost', detail: 'signal SIGKILL', errors: [] } };
const progress = (step: number) => ({ step, steps: 100, objective: -1 / step, eta_ms: null });

describe.each([
  ['in a folder', (folder: string): Promise<JobStore> => SqliteJobStore.open(folder, { maxBytes: 2 ** 30 })],
  ['in memory', async (): Promise<JobStore> => new MemoryJobStore()],
] as const)('a store %s', (_name, open) => {
  let folder: string;
  let store: JobStore;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'elucid-jobs-'));
    store = await open(folder);
  });
  afterEach(async () => {
    await store.close();
    await rm(folder, { recursive: true, force: true });
  });

  const typesOf = async (id: string, after = 0) => (await store.events(id, after, 100)).map(({ type }) => type);

  test('queues a job, and tells so', async () => {
    const job = newJob();
    const { job: stored, created } = await store.create(job, 10);
    expect(created).toBe(true);
    expect(stored).toEqual({
      ...{ id: job.id, kind: 'prototype', owner: null, state: 'queued', created: 1000 },
      ...{ started: null, finished: null, expires: null, error: null, lastEvent: 1 },
      progress: { step: 0, steps: 0, objective: null, eta_ms: null },
    });
    expect(await store.get(job.id, 2000)).toEqual(stored);
    const [event] = await store.events(job.id, 0, 100);
    expect(event).toMatchObject({
      number: 1,
      type: 'queued',
      data: { id: job.id, created: '1970-01-01T00:00:01.000Z' },
    });
  });

  test('hands out the oldest job first, each once', async () => {
    const jobs = [newJob({ request: '1' }), newJob({ request: '2' }), newJob({ request: '3' })];
    for (const job of [...jobs].reverse()) await store.create(job, 10);
    const claimed = [await store.claim(5), await store.claim(6), await store.claim(7)];
    expect(claimed.map((one) => one?.request)).toEqual(['1', '2', '3']);
    expect(claimed[1]).toMatchObject({
      checkpoint: null,
      ranMs: 0,
      interruptions: 0,
      job: { state: 'running', started: 6 },
    });
    expect(await store.claim(8)).toBeNull();
    expect(await typesOf(jobs[0]?.id ?? '')).toEqual(['queued', 'running']);
  });

  test('refuses a job when enough wait; running ones do not count', async () => {
    await store.create(newJob(), 2);
    await store.create(newJob(), 2);
    expect(await codeOf(store.create(newJob(), 2))).toBe('queue-full');
    await store.claim(5);
    expect((await store.create(newJob(), 2)).created).toBe(true);
  });

  test('gives the same job for the same key and request, also when the queue is full', async () => {
    const idempotency = { key: 'k', hash: 'one' };
    const { job } = await store.create(newJob({ idempotency }), 1);
    expect(await store.create(newJob({ idempotency }), 1)).toMatchObject({ job: { id: job.id }, created: false });
    expect(await codeOf(store.create(newJob({ idempotency: { key: 'k', hash: 'two' } }), 9))).toBe(
      'idempotency-conflict',
    );
    const other = await store.create(newJob({ idempotency: { key: 'k', hash: 'two' }, owner: 'somebody' }), 9);
    expect(other.created).toBe(true);
  });

  test('gives one job for the same key at the same time', async () => {
    const idempotency = { key: 'k', hash: 'one' };
    const both = await Promise.all(
      [newJob({ idempotency }), newJob({ idempotency })].map((job) => store.create(job, 9)),
    );
    expect(both.map(({ created }) => created).sort()).toEqual([false, true]);
    expect(new Set(both.map(({ job }) => job.id)).size).toBe(1);
  });

  test('keeps what a job gave', async () => {
    const { job } = await store.create(newJob(), 1);
    expect(await store.output(job.id)).toBeNull();
    await store.claim(5);
    const ended = await store.end(job.id, SUCCESS, 7, 107);
    expect(ended).toMatchObject({ state: 'succeeded', finished: 7, expires: 107, error: null });
    const output = await store.output(job.id);
    expect(output).toMatchObject({ request: '{"model":"digits"}', body: '{"answer":42}' });
    expect(Object.entries(output?.blobs ?? {}).map(([name, blob]) => [name, [...blob]])).toEqual([
      ['tensor', [1, 2]],
      ['image', []],
    ]);
    expect(await typesOf(job.id)).toEqual(['queued', 'running', 'result']);
  });

  test.each([
    ['queued', ['cancelled']],
    ['running', ['succeeded', 'failed', 'cancelled']],
    ['succeeded', []],
    ['failed', []],
    ['cancelled', []],
  ] as const)('a job that is %s can end as %j', async (state, allowed) => {
    const endings: Record<string, Ending> = { succeeded: SUCCESS, failed: FAILURE, cancelled: { state: 'cancelled' } };
    for (const [name, ending] of Object.entries(endings)) {
      const { job } = await store.create(newJob(), 10);
      if (state !== 'queued') await store.claim(5);
      const first = endings[state];
      if (first !== undefined) await store.end(job.id, first, 6, 106);
      const ended = await store.end(job.id, ending, 7, 107);
      expect([name, ended?.state]).toEqual([name, (allowed as readonly string[]).includes(name) ? name : undefined]);
      if (ended === null) await store.end(job.id, { state: 'cancelled' }, 8, 108);
    }
    expect(await store.end('no-such-job', SUCCESS, 7, 107)).toBeNull();
  });

  test('says why a job failed', async () => {
    const { job } = await store.create(newJob(), 1);
    await store.claim(5);
    await store.end(job.id, FAILURE, 7, 107);
    expect((await store.get(job.id, 8))?.error).toEqual({ code: 'worker-lost', detail: 'signal SIGKILL', errors: [] });
    expect(await store.output(job.id)).toBeNull();
    const [last] = (await store.events(job.id, 0, 100)).slice(-1);
    expect(last).toMatchObject({ type: 'error', data: { state: 'failed', error: { code: 'worker-lost' } } });
  });

  test('keeps the latest events of progress, and all others', async () => {
    const { job } = await store.create(newJob(), 1);
    await store.claim(5);
    for (let step = 1; step <= 50; step += 1) await store.saveProgress(job.id, progress(step), bytes(step));
    await store.end(job.id, SUCCESS, 7, 107);
    const events = await store.events(job.id, 0, 100);
    expect(events.map(({ number }) => number)).toEqual([1, 2, ...Array.from({ length: 20 }, (_, i) => 33 + i), 53]);
    expect(events.at(-2)).toEqual({
      number: 52,
      type: 'progress',
      data: { ...progress(50), preview: Buffer.from([50]).toString('base64') },
    });
    expect((await store.events(job.id, 50, 2)).map(({ number }) => number)).toEqual([51, 52]);
    expect((await store.get(job.id, 8))?.progress).toEqual(progress(50));
  });

  test('hears nothing from a job that does not run', async () => {
    const { job } = await store.create(newJob(), 1);
    await store.saveProgress(job.id, progress(1), null);
    await store.saveCheckpoint(job.id, bytes(1), 5);
    await store.claim(5);
    await store.end(job.id, { state: 'cancelled' }, 6, 106);
    await store.saveProgress(job.id, progress(2), null);
    expect(await typesOf(job.id)).toEqual(['queued', 'running', 'cancelled']);
    expect((await store.get(job.id, 7))?.progress.step).toBe(0);
    expect(await store.resume(job.id)).toBeNull();
  });

  test('goes on from the last checkpoint; interruptions since are counted', async () => {
    const { job } = await store.create(newJob(), 1);
    await store.claim(5);
    expect(await store.interrupted()).toEqual([job.id]);
    expect(await store.resume(job.id)).toMatchObject({ interruptions: 1, checkpoint: null });
    await store.resume(job.id);
    await store.saveCheckpoint(job.id, bytes(1), 11.6);
    await store.saveCheckpoint(job.id, bytes(2, 3), 22.2);
    const resumed = await store.resume(job.id);
    expect(resumed).toMatchObject({ interruptions: 1, ranMs: 22, request: '{"model":"digits"}' });
    expect([...(resumed?.checkpoint ?? [])]).toEqual([2, 3]);
    await store.suspend(job.id, 33);
    expect(await store.resume(job.id)).toMatchObject({ interruptions: 0, ranMs: 33 });
  });

  test('lists the newest first, page by page, of one owner, in one state', async () => {
    const jobs = Array.from({ length: 5 }, () => newJob());
    for (const job of jobs) await store.create(job, 10);
    await store.create(newJob({ owner: 'somebody' }), 10);
    await store.claim(5);
    const ids = jobs.map(({ id }) => id);
    const list = async (page: object) =>
      (await store.list({ owner: null, state: null, limit: 10, before: null, now: 9, ...page })).map(({ id }) => id);
    expect(await list({})).toEqual([...ids].reverse());
    expect(await list({ limit: 2 })).toEqual([ids[4], ids[3]]);
    expect(await list({ limit: 2, before: ids[3] })).toEqual([ids[2], ids[1]]);
    expect(await list({ state: 'running' })).toEqual([ids[0]]);
    expect(await list({ owner: 'somebody', state: 'queued' })).toHaveLength(1);
  });

  test('forgets a job when its time is over, and its key with it', async () => {
    const idempotency = { key: 'k', hash: 'one' };
    const { job } = await store.create(newJob({ idempotency }), 9);
    const { job: kept } = await store.create(newJob(), 9);
    await store.claim(5);
    await store.end(job.id, SUCCESS, 7, 107);
    expect(await store.get(job.id, 106)).not.toBeNull();
    expect(await store.get(job.id, 107)).toBeNull();
    const again = await store.create(newJob({ idempotency: { key: 'k', hash: 'two' }, created: 107 }), 9);
    expect(again.created).toBe(true);
    let told = 0;
    store.watch(job.id, () => {
      told += 1;
    });
    expect(await store.prune(106)).toBe(0);
    expect(await store.prune(107)).toBe(1);
    expect(told).toBe(1);
    expect(await store.output(job.id)).toBeNull();
    expect(await store.events(job.id, 0, 9)).toEqual([]);
    expect((await store.get(kept.id, 1e9))?.state).toBe('queued');
    expect((await store.create(newJob({ idempotency: { key: 'k', hash: 'two' }, created: 108 }), 9)).job.id).toBe(
      again.job.id,
    );
  });

  test('tells watchers of one job, until they stop', async () => {
    const { job } = await store.create(newJob(), 9);
    const { job: other } = await store.create(newJob(), 9);
    const told: string[] = [];
    const stop = store.watch(job.id, () => told.push('first'));
    store.watch(job.id, () => told.push('second'));
    await store.claim(5);
    await store.claim(6);
    await store.saveProgress(other.id, progress(1), null);
    expect(told).toEqual(['first', 'second']);
    stop();
    stop();
    await store.end(job.id, SUCCESS, 7, 107);
    expect(told).toEqual(['first', 'second', 'second']);
  });
});
