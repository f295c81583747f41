import { afterEach, describe, expect, test } from '@jest/globals';
import type { InjectOptions } from 'fastify';
import { tableRows } from '../support/tableRows.ts';
import { fakeExplanation, fakePrediction } from './fakeService.ts';
import { type TestApp, testApp } from './testApp.ts';

const ALICE = { 'x-api-key': 'key-of-alice-0001' };
const BOB = { 'x-api-key': 'key-of-bob-000002' };
const KEYS = { API_KEYS: 'key-of-alice-0001,key-of-bob-000002' };
const BODY = { model: 'table', input: { tensor: { shape: [4], data: [0, 1, 2, 3] } } };

let fake: TestApp | null = null;
afterEach(async () => {
  await fake?.app.close();
  await fake?.jobs.close();
  fake = null;
});

async function app(config: Parameters<typeof testApp>[0], keys = {}) {
  fake = await testApp(config, null, keys);
  const { app: made } = fake;
  return (options: InjectOptions) => made.inject(options);
}

const explain = { method: 'POST', url: '/explain', payload: BODY } as const;
const remaining = (answer: { headers: NodeJS.Dict<unknown> }) => Number(answer.headers['ratelimit-remaining']);

describe('RATE_LIMIT', () => {
  test('every answer that costs tells what is left; over it is 429', async () => {
    const send = await app({ RATE_LIMIT: 3 });
    const first = await send({ url: '/models' });
    expect(first.headers).toMatchObject({
      'ratelimit-limit': '3',
      'ratelimit-remaining': '2',
      'ratelimit-reset': expect.stringMatching(/^(59|60)$/),
    });
    expect(first.headers).not.toHaveProperty('retry-after');
    expect(remaining(await send(explain))).toBe(1);
    expect(remaining(await send({ url: '/nothing' }))).toBe(0);
    const refused = await send(explain);
    expect([refused.statusCode, refused.json().code]).toEqual([429, 'rate-limited']);
    expect(refused.json().detail).toMatch(
      /this costs 1 of 3 points a minute, of which 0 are left; allowed again in \d+ s/,
    );
    expect(refused.headers['retry-after']).toBe(refused.headers['ratelimit-reset']);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect(fake?.service.commands).toHaveLength(1);
  });

  test('none without a limit, and where nothing is charged', async () => {
    const open = await app({ RATE_LIMIT: 0 });
    expect((await open({ url: '/models' })).headers).not.toHaveProperty('ratelimit-limit');
    await fake?.app.close();
    const send = await app({ RATE_LIMIT: 1 });
    for (const url of ['/', '/health/live', '/health/ready', '/v2/health/live', '/docs/', '/openapi.json']) {
      for (let i = 0; i < 3; i += 1) expect((await send({ url })).statusCode).toBeLessThan(400);
    }
    expect((await send({ url: '/models' })).statusCode).toBe(200);
  });

  test('each key has its own, wherever it is used; without keys each address, each /64', async () => {
    const send = await app({ RATE_LIMIT: 1 }, KEYS);
    const from = (headers: object, remoteAddress: string) =>
      send({ url: '/models', headers: { ...headers }, remoteAddress }).then(({ statusCode }) => statusCode);
    expect(await from(ALICE, '192.0.2.1')).toBe(200);
    expect(await from(ALICE, '192.0.2.2')).toBe(429);
    expect(await from(BOB, '192.0.2.1')).toBe(200);
    await fake?.app.close();
    const open = await app({ RATE_LIMIT: 1 });
    const at = (remoteAddress: string) => open({ url: '/models', remoteAddress }).then(({ statusCode }) => statusCode);
    expect([await at('192.0.2.1'), await at('192.0.2.1'), await at('::ffff:192.0.2.1')]).toEqual([200, 429, 429]);
    expect([await at('192.0.2.2'), await at('2001:db8::1'), await at('2001:db8::2')]).toEqual([200, 200, 429]);
    expect(await at('2001:db8:0:1::1')).toBe(200);
  });

  test('the address is that of the client behind a trusted proxy, and of the proxy elsewhere', async () => {
    const send = await app({ RATE_LIMIT: 1, TRUST_PROXY: ['10.0.0.1'] });
    const from = (client: string, remoteAddress: string) =>
      send({ url: '/models', remoteAddress, headers: { 'x-forwarded-for': client } }).then((got) => got.statusCode);
    expect([await from('192.0.2.1', '10.0.0.1'), await from('192.0.2.2', '10.0.0.1')]).toEqual([200, 200]);
    expect(await from('192.0.2.1', '10.0.0.1')).toBe(429);
    expect([await from('192.0.2.3', '10.0.0.9'), await from('192.0.2.4', '10.0.0.9')]).toEqual([200, 429]);
  });

  test('a job costs twenty', async () => {
    const send = await app({ RATE_LIMIT: 100 });
    expect(remaining(await send({ ...explain, headers: { prefer: 'respond-async' } }))).toBe(80);
    const prototype = { method: 'POST', url: '/prototype', payload: { model: 'digits', target: 1, steps: 2 } } as const;
    expect(remaining(await send(prototype))).toBe(60);
    expect(remaining(await send({ url: '/jobs' }))).toBe(59);
  });

  test('a job that cannot be paid is none', async () => {
    const send = await app({ RATE_LIMIT: 30 });
    const asked = { ...explain, headers: { prefer: 'respond-async' } };
    expect((await send(asked)).statusCode).toBe(202);
    expect((await send(asked)).statusCode).toBe(429);
    expect((await send({ url: '/jobs' })).json().jobs).toHaveLength(1);
  });
});

describe('network rows', () => {
  /** What `rows` of a table cost by each protocol; the fake service tells the cost as the real one does. */
  const PROTOCOLS: Readonly<Record<string, (rows: number) => InjectOptions>> = {
    'POST /explain': (rows) => ({
      method: 'POST',
      url: '/explain',
      payload: { model: 'table', input: { tensor: { shape: [rows, 4], data: Array(4 * rows).fill(0) } } },
    }),
    'KServe predict': (rows) => tableRows('predict', rows),
    'KServe explain': (rows) => tableRows('explain', rows),
    'Open Inference Protocol': (rows) => infer('table', rows),
    'its explanations': (rows) => infer('table--sensitivity', rows),
  };
  const infer = (name: string, rows: number): InjectOptions => ({
    method: 'POST',
    url: `/v2/models/${name}/infer`,
    payload: { inputs: [{ name: 'input', shape: [rows, 4], datatype: 'FP32', data: Array(4 * rows).fill(0) }] },
  });

  async function charging(config: Parameters<typeof testApp>[0], rowsPerItem = 1) {
    const send = await app({ MAX_RUNS: 4096, ...config });
    const service = fake?.service;
    if (service === undefined) throw new Error('no service');
    const rowsOf = ({ input }: Parameters<typeof service.predict>[0]) =>
      rowsPerItem * (input.kind === 'tensor' ? (input.tensor.shape[0] ?? 1) : 1);
    service.instead = async (command) => {
      await command.admit?.(rowsOf(command));
      return fakeExplanation(command);
    };
    service.predict = async (command) => {
      await command.admit?.(rowsOf(command));
      return fakePrediction(command);
    };
    return send;
  }

  test.each(Object.entries(PROTOCOLS))('by %s: one point, and one for every 64 after the first 64', async (_, make) => {
    const send = await charging({ RATE_LIMIT: 1000 });
    let left = 1000;
    for (const [rows, cost] of [
      [1, 1],
      [64, 1],
      [65, 2],
      [128, 2],
      [129, 3],
    ] as const) {
      const answer = await send(make(rows));
      expect([answer.statusCode, left - remaining(answer)]).toEqual([200, cost]);
      left = remaining(answer);
    }
  });

  test('of TorchServe, and of a method with many runs', async () => {
    const send = await charging({ RATE_LIMIT: 1000 }, 640);
    const image = { method: 'POST', url: '/explanations/digits', payload: Buffer.from('x') } as const;
    expect(remaining(await send({ ...image, headers: { 'content-type': 'image/png' } }))).toBe(990);
  });

  test('that cannot be paid do not run', async () => {
    const send = await charging({ RATE_LIMIT: 4 });
    expect((await send(tableRows('predict', 192))).statusCode).toBe(200);
    const refused = await send(tableRows('predict', 129));
    expect([refused.statusCode, refused.json().code]).toEqual([429, 'rate-limited']);
    expect(refused.json().error).toBe(refused.json().detail);
  });
});

describe('MISS_LIMIT', () => {
  test('whoever asks too often for what is not there is answered 429, whatever is asked for', async () => {
    const send = await app({ MISS_LIMIT: 3 });
    const at = (url: string, remoteAddress = '192.0.2.1') => send({ url, remoteAddress });
    for (const url of ['/nothing', '/models/none', '/jobs/01a20ab2-9619-78d4-885d-ce8b0276afda']) {
      expect((await at(url)).statusCode).toBe(404);
    }
    const refused = await at('/models');
    expect([refused.statusCode, refused.json().code]).toEqual([429, 'rate-limited']);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect((await at('/models', '192.0.2.2')).statusCode).toBe(200);
  });

  test('wrong keys count for the address, and leave those with a key alone', async () => {
    const send = await app({ MISS_LIMIT: 2 }, KEYS);
    const guess = (i: number) => send({ url: '/models', headers: { 'x-api-key': `guess-number-${i}-0000` } });
    expect([(await guess(1)).statusCode, (await guess(2)).statusCode, (await guess(3)).statusCode]).toEqual([
      401, 401, 429,
    ]);
    expect((await send({ url: '/models', headers: ALICE })).statusCode).toBe(200);
    expect((await send({ url: '/none', headers: ALICE })).statusCode).toBe(404);
    expect((await send({ url: '/admin/models/reload', method: 'POST', headers: ALICE })).statusCode).toBe(403);
    expect((await send({ url: '/models', headers: ALICE })).statusCode).toBe(429);
    expect((await send({ url: '/models', headers: BOB })).statusCode).toBe(200);
  });

  test('what costs nothing is answered all the same, as probes are', async () => {
    const send = await app({ MISS_LIMIT: 1 });
    expect((await send({ url: '/nothing' })).statusCode).toBe(404);
    expect((await send({ url: '/models' })).statusCode).toBe(429);
    for (const url of ['/health/live', '/health/ready', '/v2/health/live', '/openapi.json']) {
      expect((await send({ url })).statusCode).toBe(200);
    }
  });

  test('faults of requests are no misses, nor are malformed paths errors', async () => {
    const send = await app({ MISS_LIMIT: 1 });
    for (let i = 0; i < 3; i += 1) expect((await send({ ...explain, payload: {} })).statusCode).toBe(422);
    expect((await send({ url: '/%' })).statusCode).toBe(404);
    expect(fake?.log.filter((line) => /"level":[56]0/.test(line))).toEqual([]);
  });
});
