import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { checkpointOf, eventDataSchema, PrototypeClient } from './prototypeClient.ts';
import { type RunningService, startService } from './runningService.ts';

jest.setTimeout(240_000);

/** Some seconds of work. */
const BODY = { model: 'mnist-cnn', target: 3, init: 'noise', count: 4, steps: 800, tolerance: 0 };
/** More work than any test waits for. */
const ENDLESS = { ...BODY, target: 'all', count: 64, steps: 5000 };
const SHORT = { ...BODY, count: 1, steps: 2 };
const NPY = 'application/x-npy';

/** What BODY gives when nothing disturbs the search. */
let undisturbed: { readonly values: Buffer; readonly picture: Buffer };
let dataDir: string;
const running: RunningService[] = [];

beforeAll(async () => {
  const service = await startService();
  const client = new PrototypeClient(service);
  const id = await client.submit(BODY);
  undisturbed = { values: await client.result(id, NPY), picture: await client.result(id, 'image/png') };
  await service.stop();
});
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'elucid-test-data-'));
});
afterEach(async () => {
  for (const service of running.splice(0)) await service.stop('SIGKILL');
  await rm(dataDir, { recursive: true, force: true });
});

/** A service with this test's DATA_DIR. */
async function start(environment: Readonly<Record<string, string>> = {}) {
  const service = await startService({ DATA_DIR: dataDir, ...environment });
  running.push(service);
  return { service, client: new PrototypeClient(service) };
}

async function stop(service: RunningService, signal: NodeJS.Signals): Promise<void> {
  running.splice(running.indexOf(service), 1);
  await service.stop(signal);
}

/** Steps of the progress that is kept of a job. */
async function stepsOf(client: PrototypeClient, id: string): Promise<number[]> {
  const steps: number[] = [];
  for await (const { type, data } of client.events(id))
    if (type === 'progress') steps.push(eventDataSchema.parse(data).step ?? 0);
  return steps;
}

/** Whether a search that has made steps was begun once more: its checkpoints are never older than the first step. */
function beganAgain(steps: readonly number[]): boolean {
  return steps.some((step, i) => step <= 1 && steps.slice(0, i).some((before) => before > 1));
}

describe('the death of the process that searches', () => {
  test('costs nothing: the search goes on from where it stood, to the same bits', async () => {
    const { client } = await start();
    const id = await client.submit(BODY);
    await checkpointOf(id, dataDir);
    const [process_ = 0] = await client.processes();
    const read = stepsOf(client, id);
    process.kill(process_, 'SIGKILL');
    expect((await client.result(id, NPY)).equals(undisturbed.values)).toBe(true);
    expect(await client.processes()).not.toContain(process_);
    expect(beganAgain(await read)).toBe(false);
  });

  test('twice over the same job fails it, by the name of the signal; the next job runs', async () => {
    const { client } = await start();
    const id = await client.submit(ENDLESS);
    await client.stepping(id);
    const [first = 0] = await client.processes();
    process.kill(first, 'SIGKILL');
    process.kill(await client.processBut([first]), 'SIGKILL');
    const { state, error } = await client.ended(id);
    expect([state, error?.code]).toEqual(['failed', 'worker-lost']);
    expect(error?.detail).toContain('signal SIGKILL');
    const answer = await client.get(`/jobs/${id}/result`);
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
    await client.bytes(SHORT, NPY);
  });
});

describe('the end of the service in the middle of a search', () => {
  test.each(['SIGKILL', 'SIGTERM'] as const)(
    'by %s: the next start goes on with it, to the same bits',
    async (signal) => {
      const first = await start();
      const id = await first.client.submit(BODY);
      const waiting = await first.client.submit(SHORT);
      await checkpointOf(id, dataDir);
      expect((await first.client.job(id)).state).toBe('running');
      await stop(first.service, signal);
      const second = await start();
      expect((await second.client.result(id, NPY)).equals(undisturbed.values)).toBe(true);
      expect((await second.client.result(id, 'image/png')).equals(undisturbed.picture)).toBe(true);
      expect(beganAgain(await stepsOf(second.client, id))).toBe(false);
      expect((await second.client.ended(waiting)).state).toBe('succeeded');
    },
  );
});

describe('cancelling', () => {
  test('ends a queued and a running search; its process is free for the next one, and still the same', async () => {
    const { client } = await start({ JOB_WORKERS: '1' });
    const searching = await client.submit(ENDLESS);
    const waiting = await client.submit(BODY);
    await client.stepping(searching);
    const before = await client.processes();
    expect((await client.job(waiting)).state).toBe('queued');
    for (const id of [waiting, searching]) {
      expect((await client.cancel(id)).status).toBe(202);
      expect((await client.job(id)).state).toBe('cancelled');
      expect((await client.cancel(id)).status).toBe(409);
      expect((await client.get(`/jobs/${id}/result`)).status).toBe(409);
    }
    await client.bytes(SHORT, NPY);
    expect(await client.processes()).toEqual(before);
  });
});

describe('too much', () => {
  test('of a hundred jobs so many wait as MAX_JOBS allows, and the others are told when to come back', async () => {
    const { client } = await start({ MAX_JOBS: '30', JOB_WORKERS: '1' });
    const first = await client.submit(ENDLESS);
    await client.stepping(first);
    const answers = await Promise.all(Array.from({ length: 100 }, (_, seed) => client.post({ ...SHORT, seed })));
    const accepted = answers.filter(({ status }) => status === 202);
    const refused = answers.filter(({ status }) => status === 503);
    expect([accepted.length, refused.length]).toEqual([30, 70]);
    for (const answer of refused) {
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(await answer.json()).toMatchObject({ code: 'queue-full' });
    }
    const ids = await Promise.all(accepted.map(async (answer) => ((await answer.json()) as { id: string }).id));
    await client.cancel(first);
    for (const id of ids) expect((await client.ended(id)).state).toBe('succeeded');
  });

  test('work for a job that would not end: it fails when its time is over', async () => {
    const { client } = await start({ JOB_TIMEOUT_MS: '500' });
    const { state, error } = await client.ended(await client.submit(ENDLESS));
    expect([state, error?.code]).toEqual(['failed', 'deadline']);
    expect(error?.detail).toContain('JOB_TIMEOUT_MS');
  });
});

test('the same Idempotency-Key is the same search, of another body it is refused, also after a restart', async () => {
  const first = await start();
  const key = { 'idempotency-key': 'one digit' };
  const id = await first.client.submit(SHORT, key);
  expect(await first.client.submit(SHORT, key)).toBe(id);
  await first.client.ended(id);
  await stop(first.service, 'SIGTERM');
  const { client } = await start();
  expect(await client.submit(SHORT, key)).toBe(id);
  const other = await client.post({ ...SHORT, seed: 1 }, key);
  expect([other.status, await other.json()]).toEqual([422, expect.objectContaining({ code: 'idempotency-conflict' })]);
  const { jobs } = (await (await client.get('/jobs')).json()) as { jobs: unknown[] };
  expect(jobs).toHaveLength(1);
});
