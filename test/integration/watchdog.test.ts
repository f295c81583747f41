import { setTimeout } from 'node:timers/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import { JobProcess } from '../../services/compute/jobProcess.ts';
import { Watchdog, type WatchEvent } from '../../services/compute/watchdog.ts';
import { WorkerPool } from '../../services/compute/workerPool.ts';
import type { CountingTask } from '../support/countingJob.ts';
import type { LeakingReply, LeakingTask } from '../support/leakingWorker.ts';
import { stillRunning } from './runningService.ts';

const MIB = 2 ** 20;
const LIMIT = 250 * MIB;
const WATCH = { limitBytes: LIMIT, silentMs: 1000, graceMs: 20_000, intervalMs: 100 };

let close = async () => {};
afterEach(() => close());

function openPool(watch: Partial<typeof WATCH>, workers = 1) {
  const events: WatchEvent[] = [];
  const pool = new WorkerPool<LeakingTask, LeakingReply>({
    name: 'leaking',
    module: new URL('../support/leakingWorker.ts', import.meta.url),
    workers,
    tasksPerWorker: 2,
    setup: {},
    ping: () => ({ number: -1, bytes: 0, ms: 0 }),
    watch: { ...WATCH, ...watch, onEvent: (event) => events.push(event) },
  });
  close = () => pool.close();
  return { pool, events };
}

/** Waits until something is so. */
async function until(isSo: () => boolean): Promise<void> {
  for (let i = 0; i < 600 && !isSo(); i += 1) await setTimeout(50);
  expect(isSo()).toBe(true);
}

describe('a worker that leaks', () => {
  test('is replaced again and again, and no task is lost or done in a process that is over its limit for long', async () => {
    const { pool, events } = openPool({});
    // 4 MiB every 10 ms: the limit is reached after less than a second.
    const numbers = Array.from({ length: 240 }, (_, number) => number);
    const replies = await Promise.all(numbers.map((number) => pool.run({ number, bytes: 4 * MIB, ms: 20 })));
    expect(replies.map(({ number }) => number)).toEqual(numbers);
    const pids = [...new Set(replies.map(({ pid }) => pid))];
    expect(pids.length).toBeGreaterThanOrEqual(3);
    // 960 MiB were leaked; the largest process held a fraction of it.
    expect(Math.max(...replies.map(({ rss }) => rss))).toBeLessThan(700 * MIB);
    const recycling = events.filter((event) => event.kind === 'recycling');
    for (const event of recycling) {
      expect(event).toMatchObject({ reason: 'memory', worker: 'leaking', limitBytes: LIMIT });
      expect(event.privateBytes).toBeGreaterThan(LIMIT);
    }
    await until(() => events.filter(({ kind }) => kind === 'recycled').length === recycling.length);
    expect(await stillRunning(pids.slice(0, -1))).toEqual([]);
    expect(events.filter(({ kind }) => kind === 'failed')).toEqual([]);
  });

  test('finishes what it works on, while a fresh one takes what comes', async () => {
    const { pool, events } = openPool({});
    const long = pool.run({ number: 1, bytes: 2 * LIMIT, ms: 6000 });
    await until(() => events.length > 0);
    const [event] = events;
    expect(event).toMatchObject({ kind: 'recycling', tasks: 1 });
    await until(() => !pool.processes.includes(event?.pid ?? 0));
    const short = await pool.run({ number: 2, bytes: 0, ms: 0 });
    const { pid } = await long;
    expect(pid).toBe(event?.pid);
    expect(short.pid).not.toBe(pid);
    expect(await stillRunning([pid])).toEqual([]);
  });

  test('is ended after the grace period, and its task is done by another', async () => {
    const { pool, events } = openPool({ graceMs: 200 });
    const first = pool.run({ number: 0, bytes: 2 * LIMIT, ms: 1 });
    const { pid } = await first;
    const lost = pool.run({ number: 1, bytes: 0, ms: 4000 });
    await until(() => events.some(({ kind }) => kind === 'recycled'));
    const reply = await lost;
    expect(reply.number).toBe(1);
    expect(reply.pid).not.toBe(pid);
  });

  test('is left alone without a limit', async () => {
    const { pool, events } = openPool({ limitBytes: 0 });
    const { pid } = await pool.run({ number: 0, bytes: 2 * LIMIT, ms: 1000 });
    expect((await pool.run({ number: 1, bytes: 0, ms: 1 })).pid).toBe(pid);
    expect(events).toEqual([]);
  });
});

/** Elsewhere the processor time of other processes is not known. */
const canTellFrozen = process.platform === 'linux';

if (canTellFrozen)
  describe('a worker that is frozen', () => {
    test('is replaced, and the tasks in it are done by another', async () => {
      const { pool, events } = openPool({ limitBytes: 0 }, 2);
      const { pid } = await pool.run({ number: 0, bytes: 0, ms: 0 });
      const running = Array.from({ length: 4 }, (_, number) => pool.run({ number, bytes: 0, ms: 100 }));
      await setTimeout(20);
      process.kill(pid, 'SIGSTOP');
      const replies = await Promise.all(running);
      expect(replies.map(({ number }) => number)).toEqual([0, 1, 2, 3]);
      expect(replies.every((reply) => reply.pid !== pid)).toBe(true);
      await until(() => events.some(({ kind }) => kind === 'recycled'));
      expect(events[0]).toMatchObject({ kind: 'recycling', reason: 'silent', pid, tasks: 2 });
      expect(await stillRunning([pid])).toEqual([]);
    });

    test('is replaced though it works on nothing, and left alone when it goes on in time', async () => {
      const { pool, events } = openPool({ limitBytes: 0 });
      const { pid } = await pool.run({ number: 0, bytes: 0, ms: 0 });
      process.kill(pid, 'SIGSTOP');
      await setTimeout(400);
      process.kill(pid, 'SIGCONT');
      await setTimeout(1500);
      expect(events).toEqual([]);
      process.kill(pid, 'SIGSTOP');
      await until(() => events.some(({ kind }) => kind === 'recycled'));
      expect(await stillRunning([pid])).toEqual([]);
      expect((await pool.run({ number: 1, bytes: 0, ms: 0 })).pid).not.toBe(pid);
    });
  });

describe('the process of jobs', () => {
  type Result = { readonly sum: number };
  const count: CountingTask = { kind: 'count', to: 400, values: Float32Array.of(1) };

  function openJobs() {
    const module = new URL('../support/countingJob.ts', import.meta.url);
    const jobs = new JobProcess<CountingTask, number, Result>({ module, setup: { start: 1 } });
    close = () => jobs.close();
    const run = (task: CountingTask, onReport = (_: number) => {}) =>
      jobs.run(task, { signal: new AbortController().signal, onReport });
    return { jobs, run };
  }

  test('ends its job before it is replaced; the next job has another', async () => {
    const { jobs, run } = openJobs();
    let recycled = Promise.resolve();
    let pid = 0;
    const result = await run(count, (number) => {
      if (number !== 3) return;
      pid = jobs.pid ?? 0;
      recycled = jobs.recycle(20_000);
    });
    expect(result.sum).toBe(80_200);
    const next = await run(count);
    expect(next.sum).toBe(80_200);
    expect(jobs.pid).not.toBe(pid);
    await recycled;
    expect(await stillRunning([pid])).toEqual([]);
  });

  test('gives up a job that takes longer, which is lost like that of a dead process', async () => {
    const { jobs, run } = openJobs();
    let recycled = Promise.resolve();
    const lost = run({ kind: 'forever' }, (number) => {
      if (number === 3) recycled = jobs.recycle(100);
    });
    await expect(lost).rejects.toMatchObject({ code: 'worker-lost', message: expect.stringMatching(/memory/) });
    await recycled;
    expect((await run(count)).sum).toBe(80_200);
  });

  if (canTellFrozen)
    test('is replaced when it is frozen', async () => {
      const { jobs, run } = openJobs();
      const events: WatchEvent[] = [];
      const watch = { ...WATCH, limitBytes: 0, onEvent: (event: WatchEvent) => events.push(event) };
      const watchdog = new Watchdog('jobs', watch, () => [jobs]);
      const lost = run({ kind: 'forever' }, (number) => {
        if (number === 3) process.kill(jobs.pid ?? 0, 'SIGSTOP');
      });
      await expect(lost).rejects.toMatchObject({ code: 'worker-lost' });
      expect(events[0]).toMatchObject({ kind: 'recycling', reason: 'silent', worker: 'jobs', tasks: 1 });
      expect((await run(count)).sum).toBe(80_200);
      watchdog.stop();
    });
});
