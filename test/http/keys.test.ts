import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { ElucidError } from '../../schemas/errors.ts';
import { jobListSchema } from '../../schemas/jobs.ts';
import { type TestApp, testApp } from './testApp.ts';

const ALICE = { authorization: 'Bearer key-of-alice-0001' };
const BOB = { 'x-api-key': 'key-of-bob-000002' };
const ADMIN = { authorization: 'Bearer key-of-the-admin-3' };
const KEYS = { API_KEYS: 'key-of-alice-0001,key-of-bob-000002', ADMIN_KEYS: 'key-of-the-admin-3' };

const BODY = { model: 'table', input: { tensor: { shape: [4], data: [0, 1, 2, 3] } } };

let fake: TestApp;
beforeAll(async () => {
  fake = await testApp({}, null, KEYS);
});
afterAll(async () => {
  await fake.app.close();
  await fake.jobs.close();
});

type Headers = Readonly<Record<string, string>>;

const send = (method: 'GET' | 'POST' | 'DELETE' | 'PUT', url: string, headers: Headers = {}, payload?: object) =>
  fake.app.inject({ method, url, headers, ...(payload === undefined ? {} : { payload }) });

/** Every route that the app has, with its methods, as Fastify prints them. */
function routes(): { method: string; url: string }[] {
  const document = z
    .object({ paths: z.record(z.string(), z.record(z.string(), z.unknown())) })
    .parse(JSON.parse(JSON.stringify(fake.app.swagger())));
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => ({ method: method.toUpperCase(), url: path.replaceAll(/\{\w+\}/g, 'x') })),
  );
}

describe('with API keys', () => {
  test.each(['/', '/health/live', '/health/ready', '/openapi.json', '/docs', '/docs/', '/docs/static/index.html'])(
    '%s needs none, and takes a wrong one',
    async (url) => {
      expect((await send('GET', url)).statusCode).toBeLessThan(400);
      expect((await send('GET', url, { 'x-api-key': 'wrong' })).statusCode).toBeLessThan(400);
    },
  );

  test('every other route is answered 401 without one, and with a wrong one', async () => {
    const open = new Set(['/', '/health/live', '/health/ready', '/pictures/x']);
    const closed = routes().filter(({ url }) => !open.has(url));
    expect(closed.length).toBeGreaterThan(30);
    for (const { method, url } of closed) {
      for (const headers of [{}, { authorization: 'Bearer key-of-nobody-01' }]) {
        const answer = await send(method as 'GET', url, headers);
        expect([method, url, answer.statusCode, answer.headers['www-authenticate']]).toEqual([
          method,
          url,
          401,
          'Bearer realm="elucid"',
        ]);
        expect(answer.json()).toMatchObject({ code: 'unauthorized', title: 'A key is needed' });
      }
    }
  });

  test.each([
    ['GET', '/nothing/here'],
    ['PUT', '/explain'],
    ['GET', '/admin/models/reload'],
    ['GET', '/jobs/00000000-0000-7000-8000-000000000000'],
  ] as const)('%s %s tells nobody without one whether it exists', async (method, url) => {
    expect((await send(method, url)).statusCode).toBe(401);
    expect([404, 405]).toContain((await send(method, url, ALICE)).statusCode);
  });

  test('a body is not read before the key', async () => {
    const answer = await fake.app.inject({
      method: 'POST',
      url: '/explain',
      headers: { 'content-type': 'application/json' },
      payload: '{"broken',
    });
    expect(answer.statusCode).toBe(401);
  });

  test.each([ALICE, BOB, ADMIN])('%j is served', async (headers) => {
    expect((await send('GET', '/models', headers)).statusCode).toBe(200);
    expect((await send('POST', '/explain', headers, BODY)).statusCode).toBe(200);
  });

  test('under /v1 and /v2 the refusal is an error of the protocol, too', async () => {
    expect((await send('GET', '/v2')).json()).toMatchObject({ error: expect.stringContaining('received no key') });
  });

  test('an answer is kept by no cache for another key', async () => {
    const { headers } = await send('POST', '/explain', ALICE, BODY);
    expect(headers['cache-control']).toBe('private, no-cache');
    expect(headers['vary']).toBe('accept, authorization, x-api-key');
    expect((await send('GET', '/models', ALICE)).headers['vary']).toBe('authorization, x-api-key');
    expect((await send('GET', '/health/live')).headers['cache-control']).toBeUndefined();
  });
});

const ADMINISTRATION = [
  '/admin/models/reload',
  '/v2/repository/index',
  '/v2/repository/models/table/load',
  '/v2/repository/models/table/unload',
];

describe('administration', () => {
  test.each(ADMINISTRATION)('POST %s is for an admin key', async (url) => {
    expect((await send('POST', url)).statusCode).toBe(401);
    const refused = await send('POST', url, ALICE);
    expect([refused.statusCode, refused.json().code]).toEqual([403, 'forbidden']);
    expect((await send('POST', url, ADMIN)).statusCode).toBe(200);
  });

  test.each(ADMINISTRATION)('POST %s from elsewhere is a matter of the key alone', async (url) => {
    const from = { method: 'POST', url, remoteAddress: '198.51.100.7' } as const;
    expect((await fake.app.inject({ ...from, headers: { ...ADMIN, via: 'proxy' } })).statusCode).toBe(200);
  });

  test.each(ADMINISTRATION)('POST %s is nobody’s where there are API keys alone', async (url) => {
    const { app } = await testApp({}, null, { API_KEYS: KEYS.API_KEYS });
    expect((await app.inject({ method: 'POST', url, headers: ALICE })).statusCode).toBe(403);
    await app.close();
  });

  test('with admin keys alone everybody may ask, and administrators need theirs, also on the same machine', async () => {
    const { app } = await testApp({}, null, { ADMIN_KEYS: KEYS.ADMIN_KEYS });
    const post = (url: string, headers = {}) => app.inject({ method: 'POST', url, headers, payload: BODY });
    expect((await post('/explain')).statusCode).toBe(200);
    expect((await post('/explain', ALICE)).statusCode).toBe(401);
    expect((await post('/admin/models/reload')).statusCode).toBe(403);
    expect((await post('/admin/models/reload', ADMIN)).statusCode).toBe(200);
    await app.close();
  });
});

describe('a job', () => {
  const prototype = { model: 'digits', target: 1, steps: 5 };
  const submit = async (headers: Headers) => {
    const answer = await send('POST', '/explain', { ...headers, prefer: 'respond-async' }, BODY);
    expect(answer.statusCode).toBe(202);
    return String(answer.headers['location']);
  };
  const list = async (headers: Headers) =>
    jobListSchema.parse((await send('GET', '/jobs?limit=100', headers)).json()).jobs.map(({ id }) => `/jobs/${id}`);

  test('its events, its result and its end are its key’s', async () => {
    const job = await submit(ALICE);
    expect((await send('GET', `${job}/events`, ALICE)).payload).toContain('event: result');
    for (const stranger of [BOB, ADMIN]) {
      for (const path of [job, `${job}/events`, `${job}/result`]) {
        const answer = await send('GET', path, stranger);
        expect([answer.statusCode, answer.json().code]).toEqual([404, 'unknown-job']);
      }
      expect((await send('DELETE', job, stranger)).statusCode).toBe(404);
    }
    expect((await send('GET', `${job}/result`, ALICE)).statusCode).toBe(200);
    expect((await send('DELETE', job, ALICE)).statusCode).toBe(409);
  });

  test('is in the list of its key alone', async () => {
    const [ofAlice, ofBob] = [await submit(ALICE), await submit(BOB)];
    expect(await list(ALICE)).toContain(ofAlice);
    expect(await list(ALICE)).not.toContain(ofBob);
    expect(await list(BOB)).toEqual([ofBob]);
    expect(await list(ADMIN)).toEqual([]);
  });

  test('that runs is cancelled by its key alone', async () => {
    const begun = new Promise<void>((resolve) => {
      fake.service.instead = async (_command, signal) => {
        resolve();
        return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new ElucidError('gone', 'x'))));
      };
    });
    const job = await submit(BOB);
    await begun;
    expect((await send('DELETE', job, ALICE)).statusCode).toBe(404);
    expect((await send('GET', job, BOB)).json().state).toBe('running');
    expect((await send('DELETE', job, BOB)).statusCode).toBe(202);
    fake.service.instead = null;
  });

  test('an idempotency key is its API key’s own', async () => {
    const post = (headers: Headers, body: object = BODY) =>
      send('POST', '/explain', { ...headers, prefer: 'respond-async', 'idempotency-key': 'the same' }, body);
    const first = await post(ALICE);
    const other = await post(BOB, { ...BODY, method: 'sensitivity' });
    expect([first.statusCode, other.statusCode]).toEqual([202, 202]);
    expect(other.headers['location']).not.toBe(first.headers['location']);
    expect((await post(ALICE)).headers['location']).toBe(first.headers['location']);
    expect((await post(ALICE, { ...BODY, method: 'sensitivity' })).json().code).toBe('idempotency-conflict');
  });

  test('a prototype is its key’s, too', async () => {
    const answer = await send('POST', '/prototype', ALICE, prototype);
    expect(answer.statusCode).toBe(202);
    expect((await send('GET', String(answer.headers['location']), BOB)).statusCode).toBe(404);
  });
});

test('no key, right or wrong, is in the log or in an answer', async () => {
  const secrets = ['key-of-alice-0001', 'key-of-bob-000002', 'key-of-the-admin-3', 'a-wrong-key-of-mallory'];
  const answers = [
    await send('GET', '/models', ALICE),
    await send('GET', '/models', { 'x-api-key': 'a-wrong-key-of-mallory' }),
    await send('GET', '/nothing', BOB),
    await send('POST', '/admin/models/reload', { ...ADMIN, 'x-api-key': 'a-wrong-key-of-mallory' }),
  ];
  fake.service.instead = async () => {
    throw new Error('unexpected');
  };
  answers.push(await send('POST', '/explain', ALICE, BODY));
  fake.service.instead = null;
  expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 401, 404, 401, 500]);
  const texts = [...fake.log, ...answers.map(({ payload, headers }) => payload + JSON.stringify(headers))].join('\n');
  for (const secret of secrets) expect(texts).not.toContain(secret);
});
