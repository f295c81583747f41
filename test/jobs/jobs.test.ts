import { afterEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ElucidError } from '../../schemas/errors.ts';
import type { JobsOptions } from '../../services/jobs/jobs.ts';
import type { JobEvent } from '../../services/jobs/store.ts';
import { MemoryJobStore } from './memoryStore.ts';
import { codeOf } from './newJob.ts';
import { type Stage, settled, stage } from './stage.ts';

const stages: Stage[] = [];
async function open(options: Partial<JobsOptions> = {}): Promise<Stage> {
  const opened = await stage(options);
  stages.push(opened);
  return opened;
}
afterEach(async () => {
  for (const { jobs } of stages.splice(0)) await jobs.close();
});

const WORKER_LOST = new ElucidError('worker-lost', 'the process ended with signal SIGKILL');
const progress = (step: number) => ({ step, steps: 10, objective: null, eta_ms: null });
const forever = () => new AbortController().signal;

async function collect(events: AsyncGenerator<JobEvent>): Promise<JobEvent[]> {
  const all: JobEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

describe('a job', () => {
  test('runs with its request and gives its result', async () => {
    const { jobs, submit, run, ended } = await open();
    const id = await submit({ model: 'digits' });
    const begun = await run(0);
    expect(begun.request).toEqual({ model: 'digits' });
    expect((await jobs.get(id, null)).state).toBe('running');
    expect(await codeOf(jobs.output(id, null))).toBe('not-finished');
    begun.succeed({ answer: 42 });
    const job = await ended(id);
    expect(job).toMatchObject({ state: 'succeeded', error: null, finished: expect.any(String) });
    expect(Date.parse(job.expires ?? '') - Date.parse(job.finished ?? '')).toBe(60_000);
    expect((await jobs.output(id, null)).output?.body).toBe('{"answer":42}');
    expect((await collect(jobs.events(id, null, 0, forever()))).map(({ type }) => type)).toEqual([
      ...['queued', 'running', 'result'],
    ]);
  });

  test('waits for its turn: as many run as there are workers, the oldest first', async () => {
    const { submit, run, runs, ended } = await open({ workers: 2 });
    const ids = [await submit(0), await submit(1), await submit(2), await submit(3)];
    await run(1);
    await settled();
    expect(runs.map(({ request }) => request)).toEqual([0, 1]);
    runs[1]?.succeed();
    expect((await run(2)).request).toBe(2);
    for (const n of [0, 2, 3]) (await run(n)).succeed();
    for (const id of ids) expect((await ended(id)).state).toBe('succeeded');
  });

  test('that is one too many is refused', async () => {
    const { jobs, submit, run, ended } = await open({ maxQueued: 2 });
    const first = await submit();
    await run(0);
    await submit();
    await submit();
    expect(await codeOf(submit())).toBe('queue-full');
    expect((await jobs.list({ owner: null, limit: 50 })).jobs).toHaveLength(3);
    (await run(0)).succeed();
    await ended(first);
    await run(1);
    await submit();
  });

  test('that fails says why; of an unexpected error only the log', async () => {
    const { jobs, submit, run, ended, log } = await open();
    const refused = await submit();
    (await run(0)).fail(
      new ElucidError('invalid', 'no layer conv9', [{ pointer: '/target/layer', detail: 'no layer conv9' }]),
    );
    expect(await ended(refused)).toMatchObject({
      state: 'failed',
      error: {
        code: 'invalid',
        detail: 'no layer conv9',
        errors: [{ pointer: '/target/layer', detail: 'no layer conv9' }],
      },
    });
    expect((await jobs.output(refused, null)).output).toBeNull();
    expect(log).not.toContain('error: a job failed unexpectedly');
    const broken = await submit();
    (await run(1)).fail(new TypeError('secret of /home/me'));
    const { error } = await ended(broken);
    expect(error).toMatchObject({ code: 'internal', detail: expect.not.stringContaining('secret') });
    expect(log).toContain('error: a job failed unexpectedly');
  });

  test('of another owner does not exist', async () => {
    const { jobs } = await open();
    const { job } = await jobs.submit({ kind: 'prototype', owner: 'me', request: {}, idempotencyKey: null });
    expect((await jobs.get(job.id, 'me')).id).toBe(job.id);
    for (const owner of [null, 'you']) {
      expect(await codeOf(jobs.get(job.id, owner))).toBe('unknown-job');
      expect(await codeOf(jobs.cancel(job.id, owner))).toBe('unknown-job');
      expect(await codeOf(jobs.output(job.id, owner))).toBe('unknown-job');
      expect(await codeOf(collect(jobs.events(job.id, owner, 0, forever())))).toBe('unknown-job');
      expect((await jobs.list({ owner, limit: 9 })).jobs).toEqual([]);
    }
  });

  test('of which nobody can make JSON fails', async () => {
    const { submit, run, ended } = await open();
    const id = await submit();
    (await run(0)).succeed({ huge: 1n });
    expect((await ended(id)).error?.code).toBe('internal');
  });

  test('of a kind that nobody runs fails', async () => {
    const { jobs, ended } = await open();
    const { job } = await jobs.submit({ kind: 'explanation', owner: null, request: {}, idempotencyKey: null });
    expect(await ended(job.id)).toMatchObject({ state: 'failed', error: { code: 'internal' } });
  });
});

describe('cancelling', () => {
  test('a queued job never runs', async () => {
    const { jobs, submit, run, runs } = await open();
    await submit(0);
    const id = await submit(1);
    expect(await jobs.cancel(id, null)).toMatchObject({ id, state: 'cancelled' });
    (await run(0)).succeed();
    await submit(2);
    expect((await run(1)).request).toBe(2);
    expect(runs).toHaveLength(2);
    expect(await codeOf(jobs.output(id, null))).toBe('cancelled');
  });

  test('a running job aborts it and makes room; its result is dropped', async () => {
    const { jobs, submit, run } = await open();
    const id = await submit();
    const begun = await run(0);
    await submit();
    await jobs.cancel(id, null);
    expect(begun.context.signal.aborted).toBe(true);
    begun.succeed({ too: 'late' });
    await run(1);
    expect((await jobs.get(id, null)).state).toBe('cancelled');
    expect((await collect(jobs.events(id, null, 0, forever()))).at(-1)?.type).toBe('cancelled');
  });

  test('while a job is being started stops it, too', async () => {
    const store = new MemoryJobStore();
    const { jobs, submit, runs } = await open({ store });
    const claim = store.claim.bind(store);
    let release = () => {};
    store.claim = async (now) => {
      const claimed = await claim(now);
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      return claimed;
    };
    const id = await submit();
    await settled();
    expect((await jobs.get(id, null)).state).toBe('running');
    await jobs.cancel(id, null);
    release();
    await settled();
    release();
    expect(runs).toHaveLength(0);
    expect((await jobs.get(id, null)).state).toBe('cancelled');
  });

  test('an ended job is refused, an unknown one is unknown', async () => {
    const { jobs, submit, run, ended } = await open();
    const id = await submit();
    (await run(0)).succeed();
    await ended(id);
    expect(await codeOf(jobs.cancel(id, null))).toBe('already-ended');
    expect(await codeOf(jobs.cancel('none', null))).toBe('unknown-job');
  });
});

describe('a lost worker', () => {
  test('costs one retry, from the last checkpoint', async () => {
    const { submit, run, ended, log } = await open();
    const id = await submit();
    const first = await run(0);
    expect(first.context.checkpoint).toBeNull();
    first.context.save(Uint8Array.of(1));
    first.context.save(Uint8Array.of(2));
    first.fail(WORKER_LOST);
    const second = await run(1);
    expect([...(second.context.checkpoint ?? [])]).toEqual([2]);
    second.succeed({ fine: true });
    expect((await ended(id)).state).toBe('succeeded');
    expect(log.filter((line) => line.includes('a worker was lost'))).toHaveLength(1);
  });

  test('twice is a failure that names how it ended', async () => {
    const { submit, run, runs, ended } = await open();
    const id = await submit();
    (await run(0)).fail(new ElucidError('worker-lost', 'exit code 3'));
    (await run(1)).fail(WORKER_LOST);
    expect((await ended(id)).error).toEqual({ code: 'worker-lost', detail: WORKER_LOST.message, errors: [] });
    expect(runs).toHaveLength(2);
  });

  test('again and again costs nothing more, as long as there is a checkpoint between', async () => {
    const { submit, run, runs, ended } = await open();
    const id = await submit();
    for (let lost = 0; lost < 5; lost += 1) {
      const { context, fail } = await run(lost);
      expect([...(context.checkpoint ?? [])]).toEqual(lost === 0 ? [] : [lost]);
      context.save(Uint8Array.of(lost + 1));
      fail(WORKER_LOST);
    }
    (await run(5)).fail(WORKER_LOST);
    expect((await ended(id)).error).toMatchObject({ code: 'worker-lost' });
    expect(runs).toHaveLength(6);
  });

  test('is no reason to go on with a cancelled job', async () => {
    const { jobs, submit, run, runs } = await open();
    const id = await submit();
    const begun = await run(0);
    await jobs.cancel(id, null);
    begun.fail(WORKER_LOST);
    await settled();
    expect(runs).toHaveLength(1);
  });
});

describe('time', () => {
  test('a job that would not end is ended', async () => {
    const { submit, ended } = await open({ timeoutMs: 20 });
    const id = await submit();
    const { state, error } = await ended(id);
    expect([state, error?.code]).toEqual(['failed', 'deadline']);
    expect(error?.detail).toContain('20 ms');
  });

  test('that it ran before a restart counts', async () => {
    const store = new MemoryJobStore();
    const first = await open({ store, timeoutMs: 1e6 });
    const id = await first.submit();
    await first.run(0);
    await store.saveCheckpoint(id, Uint8Array.of(1), 999_990);
    const second = await open({ store, timeoutMs: 1e6 });
    expect((await second.ended(id)).error?.code).toBe('deadline');
  });

  test('an ended job is forgotten when its time is over', async () => {
    let now = 1e12;
    const { jobs, submit, run, ended } = await open({ now: () => now, ttlMs: 1000 });
    const id = await submit();
    (await run(0)).succeed();
    await ended(id);
    now += 999;
    expect((await jobs.get(id, null)).state).toBe('succeeded');
    now += 1;
    expect(await codeOf(jobs.get(id, null))).toBe('unknown-job');
    expect(await codeOf(jobs.output(id, null))).toBe('unknown-job');
    expect((await jobs.list({ owner: null, limit: 9 })).jobs).toEqual([]);
  });
});

describe('the same idempotency key', () => {
  const submission = { kind: 'prototype', owner: null, request: { a: 1 }, idempotencyKey: 'k' } as const;

  test('and request is the same job, also when that has ended; it runs once', async () => {
    const { jobs, run, runs, ended } = await open();
    const first = await jobs.submit(submission);
    const second = await jobs.submit(submission);
    expect([first.created, second.created, second.job.id]).toEqual([true, false, first.job.id]);
    (await run(0)).succeed();
    await ended(first.job.id);
    expect((await jobs.submit(submission)).job).toMatchObject({ id: first.job.id, state: 'succeeded' });
    await settled();
    expect(runs).toHaveLength(1);
  });

  test('and another request, or kind, is refused', async () => {
    const { jobs } = await open();
    await jobs.submit(submission);
    expect(await codeOf(jobs.submit({ ...submission, request: { a: 2 } }))).toBe('idempotency-conflict');
    expect(await codeOf(jobs.submit({ ...submission, kind: 'explanation' }))).toBe('idempotency-conflict');
    expect((await jobs.submit({ ...submission, owner: 'me', request: { a: 2 } })).created).toBe(true);
  });
});

describe('a stop', () => {
  test('leaves running jobs with the checkpoint that they save then, and queued ones; the next start goes on', async () => {
    const store = new MemoryJobStore();
    const first = await stage({ store, times: { progressMs: 0, previewMs: 0, checkpointMs: 1e6, retryMs: 1 } });
    const [running, queued] = [await first.submit('r'), await first.submit('q')];
    const begun = await first.run(0);
    begun.context.save(Uint8Array.of(1));
    begun.context.signal.addEventListener('abort', () => begun.context.save(Uint8Array.of(9)), { once: true });
    await first.jobs.close();
    expect(begun.context.signal.aborted).toBe(true);
    expect(store.entries.map(({ job }) => job.state)).toEqual(['running', 'queued']);
    const second = await open({ store });
    const resumed = await second.run(0);
    expect([resumed.request, ...(resumed.context.checkpoint ?? [])]).toEqual(['r', 9]);
    resumed.succeed();
    (await second.run(1)).succeed();
    expect((await second.ended(running)).state).toBe('succeeded');
    expect((await second.ended(queued)).state).toBe('succeeded');
    expect((await collect(second.jobs.events(running, null, 0, forever()))).map(({ type }) => type)).toEqual([
      ...['queued', 'running', 'result'],
    ]);
  });

  test('keeps the result of a job that ends just then', async () => {
    const store = new MemoryJobStore();
    const { jobs, submit, run } = await stage({ store });
    await submit();
    const begun = await run(0);
    begun.succeed({ in: 'time' });
    await jobs.close();
    expect(store.entries[0]).toMatchObject({ job: { state: 'succeeded' }, output: { body: '{"in":"time"}' } });
  });

  test('does not wait for an executor that does not answer, and keeps its last checkpoint', async () => {
    const store = new MemoryJobStore();
    let begun = () => {};
    const running = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const executors = {
      prototype: (_request: unknown, { save }: { save(checkpoint: Uint8Array): void }) => {
        save(Uint8Array.of(5));
        begun();
        return new Promise<never>(() => {});
      },
    };
    const { jobs, submit } = await stage({ store, executors });
    await submit();
    await running;
    await jobs.close();
    expect(store.entries[0]?.job.state).toBe('running');
    expect([...(store.entries[0]?.checkpoint ?? [])]).toEqual([5]);
  });

  test('many times is fine, but a job that ends every service is ended itself', async () => {
    const store = new MemoryJobStore();
    const first = await stage({ store });
    const id = await first.submit();
    await first.run(0);
    for (let stops = 0; stops < 15; stops += 1) {
      const graceful = await stage({ store });
      await graceful.run(0);
      await graceful.jobs.close();
    }
    for (let kills = 0; kills < 11; kills += 1) await store.resume(id);
    const last = await open({ store });
    expect((await last.ended(id)).error).toMatchObject({
      code: 'worker-lost',
      detail: expect.stringContaining('11 times'),
    });
  });
});

describe('no room to write', () => {
  const full = new ElucidError('storage-full', 'no room');

  test('a job whose checkpoint and progress cannot be kept goes on, and the log says so once', async () => {
    const store = new MemoryJobStore();
    const { submit, run, ended, log } = await open({ store });
    store.saveCheckpoint = store.saveProgress = async () => {
      throw full;
    };
    const id = await submit();
    const { context, succeed } = await run(0);
    for (let step = 0; step < 5; step += 1) {
      context.save(Uint8Array.of(step));
      context.progress(progress(step), null);
      await settled();
    }
    expect(context.signal.aborted).toBe(false);
    succeed();
    expect((await ended(id)).state).toBe('succeeded');
    expect(log.filter((line) => line.includes('cannot be written'))).toHaveLength(1);
  });

  test('a result is kept when there is room again', async () => {
    const store = new MemoryJobStore();
    const { jobs, submit, run, ended } = await open({ store });
    const end = store.end.bind(store);
    let refusals = 3;
    store.end = async (...rest) => {
      if (refusals > 0) {
        refusals -= 1;
        throw full;
      }
      return end(...rest);
    };
    const id = await submit();
    (await run(0)).succeed({ worth: 'waiting' });
    expect((await ended(id)).state).toBe('succeeded');
    expect((await jobs.output(id, null)).output?.body).toBe('{"worth":"waiting"}');
  });

  test.each([
    ['for which there is never room', 'storage-full'],
    ['that is too large', 'too-large'],
  ] as const)('a result %s is a failure that says so', async (_what, code) => {
    const store = new MemoryJobStore();
    const { submit, run, ended } = await open({ store });
    const end = store.end.bind(store);
    store.end = async (id, ending, ...rest) => {
      if (ending.state === 'succeeded') throw new ElucidError(code, 'no');
      return end(id, ending, ...rest);
    };
    const id = await submit();
    (await run(0)).succeed();
    expect(await ended(id)).toMatchObject({ state: 'failed', error: { code } });
  });

  test('a job that cannot be started is started later', async () => {
    const store = new MemoryJobStore();
    const { submit, run } = await open({ store });
    const claim = store.claim.bind(store);
    let refusals = 2;
    store.claim = async (now) => {
      refusals -= 1;
      if (refusals >= 0) throw full;
      return claim(now);
    };
    await submit('late');
    expect((await run(0)).request).toBe('late');
  });
});

describe('events', () => {
  test('reach every reader in order, however slow; the last one is never missed', async () => {
    const { jobs, submit, run } = await open();
    const id = await submit();
    const { context, succeed } = await run(0);
    const quick = collect(jobs.events(id, null, 0, forever()));
    const slow = jobs.events(id, null, 0, forever());
    const first = await slow.next();
    for (let step = 1; step <= 60; step += 1) {
      context.progress(progress(step), null);
      await settled();
    }
    succeed();
    const numbers = (await quick).map(({ number }) => number);
    expect(numbers).toEqual(Array.from({ length: 63 }, (_, i) => i + 1));
    const rest = await collect(slow);
    const seen = [first.value?.number ?? 0, ...rest.map(({ number }) => number)];
    expect([...new Set(seen)].sort((a, b) => a - b)).toEqual(seen);
    expect(rest.length).toBeLessThan(30);
    expect(rest.at(-1)).toMatchObject({ number: 63, type: 'result' });
  });

  test('go on after the number that was seen; one that the job never gave counts as none', async () => {
    const { jobs, submit, run, ended } = await open();
    const id = await submit();
    const { context, succeed } = await run(0);
    context.progress(progress(1), null);
    await settled();
    const numbersAfter = async (number: number) =>
      (await collect(jobs.events(id, null, number, forever()))).map((event) => event.number);
    const waiting = numbersAfter(2);
    succeed();
    await ended(id);
    expect(await waiting).toEqual([3, 4]);
    expect(await numbersAfter(0)).toEqual([1, 2, 3, 4]);
    expect(await numbersAfter(3)).toEqual([4]);
    expect(await numbersAfter(4)).toEqual([]);
    expect(await numbersAfter(99)).toEqual([1, 2, 3, 4]);
    expect(await jobs.isOver(id, null, 4)).toBe(true);
    expect(await jobs.isOver(id, null, 3)).toBe(false);
  });

  test('end with their reader, and nothing is left of it', async () => {
    const store = new MemoryJobStore();
    const { jobs, submit, run } = await open({ store });
    const id = await submit();
    await run(0);
    const leave = new AbortController();
    const reading = collect(jobs.events(id, null, 0, leave.signal));
    await settled();
    expect(store.watched).toBe(1);
    leave.abort();
    expect((await reading).map(({ type }) => type)).toEqual(['queued', 'running']);
    expect(store.watched).toBe(0);
  });

  test('end when the job is forgotten', async () => {
    let now = 1e12;
    const { jobs, store, submit } = await open({ now: () => now, ttlMs: 1000, workers: 1 });
    await submit();
    const id = await submit();
    await settled();
    const reading = jobs.events(id, null, 0, forever());
    await reading.next();
    await jobs.cancel(id, null);
    now += 1001;
    await store.prune(now);
    expect(await collect(reading)).toEqual([]);
  });
});

test('lists page by page', async () => {
  const { jobs, submit } = await open();
  const ids: string[] = [];
  for (let n = 0; n < 7; n += 1) ids.unshift(await submit());
  const pages: string[][] = [];
  for (let cursor: string | undefined | null; cursor !== null; ) {
    const page = await jobs.list({ owner: null, limit: 3, cursor });
    pages.push(page.jobs.map(({ id }) => id));
    cursor = page.next;
  }
  expect(pages).toEqual([ids.slice(0, 3), ids.slice(3, 6), ids.slice(6)]);
});

/** What may follow each event of a job. */
const FOLLOWS: Readonly<Record<string, readonly string[]>> = {
  queued: ['running', 'cancelled'],
  running: ['progress', 'result', 'error', 'cancelled'],
  progress: ['progress', 'result', 'error', 'cancelled'],
};

test('through any sequence of submissions, cancels, ends, losses and restarts every job tells a story that can be', async () => {
  const action = fc.record({
    do: fc.constantFrom('submit', 'cancel', 'succeed', 'fail', 'lose', 'progress', 'save', 'restart'),
    at: fc.nat(5),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 25 }), fc.integer({ min: 1, max: 3 }), async (actions, workers) => {
      const store = new MemoryJobStore();
      let now = await stage({ store, workers });
      const ids: string[] = [];
      for (const { do: what, at } of actions) {
        const id = ids[at % Math.max(1, ids.length)];
        const run = now.runs[at % Math.max(1, now.runs.length)];
        if (what === 'submit') ids.push(await now.submit());
        else if (what === 'cancel' && id !== undefined) await codeOf(now.jobs.cancel(id, null));
        else if (what === 'succeed') run?.succeed();
        else if (what === 'fail') run?.fail(new ElucidError('invalid', 'no'));
        else if (what === 'lose') run?.fail(WORKER_LOST);
        else if (what === 'progress') run?.context.progress(progress(at), null);
        else if (what === 'save') run?.context.save(Uint8Array.of(at));
        else if (what === 'restart') {
          await now.jobs.close();
          now = await stage({ store, workers });
        }
        await settled();
        expect(store.entries.filter(({ job }) => job.state === 'running').length).toBeLessThanOrEqual(workers);
      }
      // All that is left ends well.
      for (let n = 0; ids.some((id) => !isOver(store, id)); n += 1) {
        (await now.run(n)).succeed();
        await settled();
      }
      for (const { events } of store.entries) {
        expect(events[0]?.type).toBe('queued');
        events.slice(1).forEach((event, i) => {
          expect(FOLLOWS[events[i]?.type ?? '']).toContain(event.type);
        });
        expect(events.map(({ number }) => number)).toEqual(events.map((_, i) => i + 1));
      }
      await now.jobs.close();
    }),
    { numRuns: 60 },
  );
}, 60_000);

function isOver({ entries }: MemoryJobStore, id: string): boolean {
  return ['succeeded', 'failed', 'cancelled'].includes(entries.find(({ job }) => job.id === id)?.job.state ?? '');
}
