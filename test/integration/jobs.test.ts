import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { z } from 'zod';
import { type Job, jobListSchema, jobSchema } from '../../schemas/jobs.ts';
import { allEvents, type ReceivedEvent, receivedEvents } from '../support/eventSource.ts';
import { type RunningService, startService } from './runningService.ts';

jest.setTimeout(120_000);

const STEPPING = join(import.meta.dirname, 'steppingService.ts');
const SERVER = join(import.meta.dirname, '../../services/server.ts');

let dataDir: string;
const running: RunningService[] = [];

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'elucid-test-data-'));
});
afterEach(async () => {
  for (const service of running.splice(0)) await service.stop('SIGKILL');
  await rm(dataDir, { recursive: true, force: true });
});

/** A service with this test's DATA_DIR. */
async function start(environment: Readonly<Record<string, string>> = {}, server?: string): Promise<RunningService> {
  const service = await startService(
    { DATA_DIR: dataDir, MAX_RUNS: '1000000', ...environment },
    server === undefined ? {} : { server },
  );
  running.push(service);
  return service;
}

/** A service whose jobs take as many steps as they are asked for, some milliseconds each. */
const startStepping = () => start({}, STEPPING);

async function stop(service: RunningService, signal: NodeJS.Signals): Promise<number | null> {
  running.splice(running.indexOf(service), 1);
  return (await service.stop(signal)).code;
}

const table = (n: number) => ({
  model: 'table',
  method: 'smoothgrad',
  options: { n },
  input: { tensor: { shape: [4], data: [1, 2, 3, 4] } },
});

/** Digits of noise, explained by so many runs each. */
const digits = (count: number, n: number) => ({
  model: 'mnist-mlp',
  method: 'smoothgrad',
  options: { n },
  input: {
    tensor: {
      shape: [count, 1, 28, 28],
      data: Array.from({ length: count * 784 }, (_, i) => ((i * 7919) % 256) / 256),
    },
  },
});

const post = ({ url }: RunningService, body: object, headers: Record<string, string> = { prefer: 'respond-async' }) =>
  fetch(`${url}/explain`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });

async function submit(service: RunningService, body: object, headers: Record<string, string> = {}): Promise<string> {
  const answer = await post(service, body, { prefer: 'respond-async', ...headers });
  if (answer.status !== 202) throw new Error(`${answer.status}: ${await answer.text()}`);
  return jobSchema.parse(await answer.json()).id;
}

const get = ({ url }: RunningService, path: string, headers: Record<string, string> = {}) =>
  fetch(url + path, { headers });
const cancel = ({ url }: RunningService, id: string) => fetch(`${url}/jobs/${id}`, { method: 'DELETE' });
const watch = (service: RunningService, id: string, after?: string) =>
  get(service, `/jobs/${id}/events`, after === undefined ? {} : { 'last-event-id': after });
const stateOf = async (service: RunningService, id: string): Promise<Job> =>
  jobSchema.parse(await (await get(service, `/jobs/${id}`)).json());
const codeOf = async (answer: Response) => z.object({ code: z.string() }).parse(await answer.json()).code;

/** Reads events until one is as wanted. */
async function readUntil(
  events: AsyncGenerator<ReceivedEvent>,
  wanted: (event: ReceivedEvent) => boolean,
): Promise<ReceivedEvent[]> {
  const read: ReceivedEvent[] = [];
  for (;;) {
    const { value } = await events.next();
    if (value === undefined) throw new Error(`the stream ended after ${read.map(({ type }) => type)}`);
    read.push(value);
    if (wanted(value)) return read;
  }
}

const isProgress = ({ type }: ReceivedEvent) => type === 'progress';

/** Waits until a job has left where it stands on the disk. */
async function checkpointOf(id: string): Promise<void> {
  while (!existsSync(join(dataDir, 'jobs', id, 'checkpoint'))) await setTimeout(5);
}

/** All numbers of events rise by one or, where progress was thinned, more; and the first follows `after`. */
function expectOrder(events: readonly ReceivedEvent[], after = 0): void {
  const numbers = events.map(({ id }) => Number(id));
  expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
  expect(numbers[0]).toBeGreaterThan(after);
}

describe('kill -9 of the service', () => {
  test('a running job goes on from its checkpoint, a queued one runs, an ended one answers, streams go on', async () => {
    const first = await startStepping();
    const done = await submit(first, table(2));
    const story = await allEvents(await watch(first, done));
    const before = await (await get(first, `/jobs/${done}/result`)).text();
    const interrupted = await submit(first, table(500));
    const queued = await submit(first, table(1));
    const seen = await readUntil(receivedEvents(await watch(first, interrupted)), isProgress);
    expectOrder(seen);
    await checkpointOf(interrupted);
    await stop(first, 'SIGKILL');

    const second = await startStepping();
    const last = seen.at(-1)?.id ?? '';
    const rest = await allEvents(await watch(second, interrupted, last));
    expectOrder(rest, Number(last));
    expect(rest.at(-1)).toMatchObject({ type: 'result', data: { state: 'succeeded' } });
    expect(rest.filter(({ type }) => type !== 'progress')).toHaveLength(1);
    const { step, steps, objective } = rest.filter(isProgress).at(-1)?.data ?? {};
    // The objective tells where the last run began: not at the beginning.
    expect([step, steps]).toEqual([500, 500]);
    expect(Number(objective)).toBeGreaterThan(0);
    expect((await allEvents(await watch(second, queued))).at(-1)?.type).toBe('result');
    const after = z.object({ prediction: z.unknown() }).parse(await (await get(second, `/jobs/${done}/result`)).json());
    expect(after.prediction).toEqual(JSON.parse(before).prediction);
    expect((await watch(second, done, story.at(-1)?.id ?? '')).status).toBe(204);
    expect(await allEvents(await watch(second, done))).toEqual(story);
  });

  test('the real service explains what was queued and running when it was killed, and keeps what it had', async () => {
    const first = await start();
    const done = await submit(first, digits(1, 3));
    await allEvents(await watch(first, done));
    const values = async (service: RunningService, id: string) =>
      Buffer.from(await (await get(service, `/jobs/${id}/result`, { accept: 'application/x-npy' })).arrayBuffer());
    const before = await values(first, done);
    const interrupted = await submit(first, digits(64, 1024));
    await readUntil(receivedEvents(await watch(first, interrupted)), ({ type }) => type === 'running');
    const queued = await submit(first, digits(1, 3), { 'idempotency-key': 'mine' });
    expect((await stateOf(first, interrupted)).state).toBe('running');
    await stop(first, 'SIGKILL');

    const second = await start();
    expect(await values(second, done)).toEqual(before);
    expect(await submit(second, digits(1, 3), { 'idempotency-key': 'mine' })).toBe(queued);
    for (const id of [interrupted, queued]) {
      expect((await allEvents(await watch(second, id))).at(-1)?.type).toBe('result');
    }
    expect(await values(second, queued)).toEqual(before);
    expect((await values(second, interrupted)).length).toBeGreaterThan(64 * 784 * 4);
    const { jobs } = jobListSchema.parse(await (await get(second, '/jobs')).json());
    expect(jobs.map(({ id }) => id)).toEqual([queued, interrupted, done]);
  });

  test('frees DATA_DIR at once', async () => {
    for (let kills = 0; kills < 3; kills += 1) {
      const service = await startStepping();
      await submit(service, table(1000));
      await stop(service, 'SIGKILL');
    }
    const last = await startStepping();
    const { jobs } = jobListSchema.parse(await (await get(last, '/jobs')).json());
    expect(jobs).toHaveLength(3);
    for (const { id } of jobs) expect((await cancel(last, id)).status).toBe(202);
  });
});

describe('a graceful stop', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)(
    'by %s ends streams with a shutdown; the next start goes on',
    async (signal) => {
      const first = await startStepping();
      const id = await submit(first, table(1000));
      const waiting = await submit(first, table(1));
      const stream = receivedEvents(await watch(first, id));
      const seen = await readUntil(stream, isProgress);
      const held = post(first, table(1000), { prefer: 'respond-async, wait=60' });
      while (jobListSchema.parse(await (await get(first, '/jobs')).json()).jobs.length < 3) await setTimeout(5);
      const stopped = stop(first, signal);
      for await (const event of stream) seen.push(event);
      expect(await stopped).toBe(0);
      expect(seen.at(-1)).toMatchObject({ type: 'shutdown', id: null });
      expect((await held).status).toBe(202);
      expectOrder(seen.slice(0, -1));

      const second = await startStepping();
      const { state, progress } = await stateOf(second, id);
      expect(state).toBe('running');
      const last = seen.at(-2)?.id ?? '';
      const rest = await readUntil(
        receivedEvents(await watch(second, id, last)),
        (event) => isProgress(event) && Number(event.data['objective']) > 0,
      );
      expectOrder(rest, Number(last));
      // The checkpoint of the stop is where the next run began: no step is left out or done twice.
      const told = [...seen, ...rest].filter(isProgress).map(({ data }) => Number(data['step']));
      const begun = Number(rest.at(-1)?.data['objective']);
      expect(told.at(-1)).toBe(begun + 1);
      expect(told.at(-2)).toBeLessThanOrEqual(begun);
      expect(progress.step).toBeGreaterThanOrEqual(begun);
      expect((await cancel(second, id)).status).toBe(202);
      expect((await allEvents(await watch(second, waiting))).at(-1)?.type).toBe('result');
    },
  );
});

describe('a second service on the same DATA_DIR', () => {
  test('is refused with one line that says so, and the first one goes on', async () => {
    const first = await startStepping();
    const child = spawn(process.execPath, ['--import', 'tsx', SERVER], {
      env: { PATH: process.env['PATH'], PORT: '0', DATA_DIR: dataDir, CACHE_DIR: join(dataDir, 'cache') },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    child.stderr.on('data', (chunk) => {
      output += chunk;
    });
    const [code] = await once(child, 'close');
    expect(code).toBe(78);
    expect(output.trim().split('\n')).toEqual([
      `DATA_DIR: received ${JSON.stringify(dataDir)}, which another running service uses; allowed is a folder of its own for each`,
    ]);
    const id = await submit(first, table(1));
    expect((await allEvents(await watch(first, id))).at(-1)?.type).toBe('result');
  });
});

describe('many jobs', () => {
  test('a hundred are queued, run one after the other, and all end', async () => {
    const service = await startStepping();
    const ids = await Promise.all(Array.from({ length: 100 }, () => submit(service, table(1))));
    expect(new Set(ids).size).toBe(100);
    const ends = await Promise.all(ids.map(async (id) => (await allEvents(await watch(service, id))).at(-1)?.type));
    expect(ends).toEqual(Array(100).fill('result'));
    const { jobs } = jobListSchema.parse(await (await get(service, '/jobs?limit=200&state=succeeded')).json());
    expect(jobs.map(({ id }) => id)).toEqual([...ids].sort().reverse());
    const times = jobs.map(({ started, finished }) => [started ?? '', finished ?? '']).sort();
    times.slice(1).forEach(([started = ''], i) => {
      expect(started >= (times[i]?.[1] ?? '')).toBe(true);
    });
  });

  test('one more than MAX_JOBS is refused with a time to come back', async () => {
    const service = await start({ MAX_JOBS: '2' });
    const first = await submit(service, digits(64, 1024));
    await readUntil(receivedEvents(await watch(service, first)), ({ type }) => type === 'running');
    for (let n = 0; n < 2; n += 1) await submit(service, digits(1, 1));
    const refused = await post(service, digits(1, 1));
    expect([refused.status, refused.headers.get('retry-after'), await codeOf(refused)]).toEqual([
      503,
      '1',
      'queue-full',
    ]);
    expect((await post(service, digits(1, 1), {})).status).toBe(200);
    await cancel(service, first);
  });

  test('two services that are asked with the same key at the same time make one job', async () => {
    const service = await startStepping();
    const ids = await Promise.all(
      Array.from({ length: 20 }, () => submit(service, table(1), { 'idempotency-key': 'once' })),
    );
    expect(new Set(ids).size).toBe(1);
    const other = await post(service, table(2), { prefer: 'respond-async', 'idempotency-key': 'once' });
    expect([other.status, await codeOf(other)]).toEqual([422, 'idempotency-conflict']);
  });
});

describe('cancelling', () => {
  test('works at every state, and makes room', async () => {
    const service = await startStepping();
    const runningJob = await submit(service, table(1000));
    await readUntil(receivedEvents(await watch(service, runningJob)), isProgress);
    const queued = await submit(service, table(1000));
    const next = await submit(service, table(1));
    for (const id of [queued, runningJob]) {
      const answer = await cancel(service, id);
      expect([answer.status, jobSchema.parse(await answer.json()).state]).toEqual([202, 'cancelled']);
    }
    // The next job runs, long before the cancelled ones could have ended.
    expect((await allEvents(await watch(service, next))).at(-1)?.type).toBe('result');
    expect((await stateOf(service, runningJob)).progress.step).toBeLessThan(1000);
    expect((await allEvents(await watch(service, queued))).map(({ type }) => type)).toEqual(['queued', 'cancelled']);
    for (const id of [queued, runningJob, next]) {
      const again = await cancel(service, id);
      expect([again.status, await codeOf(again)]).toEqual([409, 'already-ended']);
    }
    expect(await readdir(join(dataDir, 'jobs'))).toEqual([next]);
  });
});

describe('readers of events', () => {
  test('a client that leaves and comes back sees every state once, and progress in order', async () => {
    const service = await startStepping();
    const id = await submit(service, table(300));
    const seen: ReceivedEvent[] = [];
    for (let visits = 0; visits < 5; visits += 1) {
      const leave = new AbortController();
      const after = seen.at(-1)?.id;
      const answer = await fetch(`${service.url}/jobs/${id}/events`, {
        headers: after === undefined || after === null ? {} : { 'last-event-id': after },
        signal: leave.signal,
      });
      seen.push(...(await readUntil(receivedEvents(answer), isProgress)));
      leave.abort();
    }
    seen.push(...(await allEvents(await watch(service, id, seen.at(-1)?.id ?? ''))));
    expectOrder(seen);
    expect(seen.filter((event) => !isProgress(event)).map(({ type }) => type)).toEqual(['queued', 'running', 'result']);
    expect(seen.some(({ data }) => typeof data['preview'] === 'string')).toBe(true);
  });

  test('many readers of one job all see its end', async () => {
    const service = await startStepping();
    const id = await submit(service, table(50));
    const streams = await Promise.all(Array.from({ length: 50 }, async () => allEvents(await watch(service, id))));
    for (const events of streams) {
      expectOrder(events);
      expect(events.at(-1)?.type).toBe('result');
    }
  });
});

test('a full DATA_DIR: jobs are refused, explanations go on', async () => {
  const service = await start({ DATA_DISK_BYTES: '1048576' });
  const refused = await post(service, digits(400, 1));
  expect([refused.status, refused.headers.get('retry-after'), await codeOf(refused)]).toEqual([
    503,
    '60',
    'storage-full',
  ]);
  expect((await post(service, digits(400, 1), {})).status).toBe(200);
  const small = await submit(service, digits(1, 1));
  expect((await allEvents(await watch(service, small))).at(-1)?.type).toBe('result');
});
