import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type RawRequest, sendRaw } from '../fuzz/requests/rawRequest.ts';
import { type TestApp, testApp } from './testApp.ts';

/** What ordinary clients cannot send. */
const PLAIN: RawRequest = { method: 'GET', target: '/models', headers: [], body: Buffer.alloc(0), missing: 0 };

let fake: TestApp;
let port: number;

beforeAll(async () => {
  fake = await testApp();
  port = Number(new URL(await fake.app.listen({ host: '127.0.0.1', port: 0 })).port);
});

afterAll(async () => {
  await fake.app.close();
});

async function send(request: Partial<RawRequest>) {
  const answer = await sendRaw(port, { ...PLAIN, ...request });
  const { code, detail } = JSON.parse(answer?.body.toString('utf8') || '{}') as { code?: string; detail?: string };
  return { status: answer?.status, headers: Object.fromEntries(answer?.headers ?? []), code, detail };
}

test.each(['LOCK', 'PROPFIND', 'QUERY', 'TRACE'])('%s is a method that no path has', async (method) => {
  const { status, headers } = await send({ method });
  expect([status, headers['allow']]).toEqual([405, 'GET, HEAD, OPTIONS']);
});

test('a Host that is lost behind too many headers is a problem', async () => {
  const many = Array.from({ length: 2100 }, (_, n) => [`X-${n}`, 'x'] as const);
  const { status, code, detail } = await send({ headers: [...many, ['Host', 'late']] });
  expect([status, code, detail]).toEqual([400, 'bad-body', 'the header Host is missing']);
});

test('an expectation that nobody knows is ignored', async () => {
  expect(await send({ headers: [['Expect', 'a miracle']] })).toMatchObject({ status: 200 });
});

test('a name that is longer than any can be is unknown', async () => {
  expect(await send({ target: `/models/${'n'.repeat(2000)}` })).toMatchObject({ status: 404, code: 'unknown-route' });
});

test('a path that is no URI has the id of its request, too', async () => {
  const { status, headers } = await send({ target: '/models/%zz' });
  expect([status, headers['x-request-id']]).toEqual([404, expect.stringMatching(/^[0-9a-f-]{36}$/)]);
});

test('a body that ends early is no error of the service', async () => {
  const body = Buffer.from(JSON.stringify({ model: 'digits' }));
  await send({ method: 'POST', target: '/explain', headers: [['Content-Type', 'application/json']], body, missing: 5 });
  expect(fake.log.filter((line) => line.includes('unexpected error'))).toEqual([]);
});
