import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import WebSocket from 'ws';
import { type TestApp, testApp } from './testApp.ts';

const KEY = 'key-of-the-dashboard';
const MISSES = 3;

let fake: TestApp;
let address: string;

beforeAll(async () => {
  fake = await testApp({ MISS_LIMIT: MISSES }, null, { API_KEYS: KEY });
  address = `${await fake.app.listen({ host: '127.0.0.1', port: 0 })}/graphql`.replace('http', 'ws');
});
afterAll(async () => {
  await fake.app.close();
  await fake.jobs.close();
});

/** How a connection answers its first message: by another one, or by its end. */
async function connect(payload: object | undefined, headers: Record<string, string> = {}): Promise<string | number> {
  const socket = new WebSocket(address, 'graphql-transport-ws', { headers });
  const refused = once(socket, 'unexpected-response').then(([, { statusCode }]): number => statusCode);
  const opened = once(socket, 'open').then(() => null);
  opened.catch(() => undefined);
  const status = await Promise.race([refused, opened]);
  if (status !== null) return status;
  const answered = once(socket, 'message').then(([data]): string => JSON.parse(String(data)).type);
  const closed = once(socket, 'close').then(([code]): number => code);
  socket.send(JSON.stringify({ type: 'connection_init', payload }));
  const answer = await Promise.race([answered, closed]);
  socket.terminate();
  return answer;
}

test('a WebSocket shows its key in its first message, or with the request that opens it', async () => {
  expect(await connect({ authorization: `Bearer ${KEY}` })).toBe('connection_ack');
  expect(await connect({ Authorization: `Bearer ${KEY}` })).toBe('connection_ack');
  expect(await connect({ 'X-API-Key': KEY })).toBe('connection_ack');
  expect(await connect(undefined, { 'x-api-key': KEY })).toBe('connection_ack');
  expect(await connect(undefined)).toBe(4403);
});

test('the same path needs a key for all that is no WebSocket', async () => {
  const payload = { query: '{ models { name } }' };
  const ask = async (headers: Record<string, string>) =>
    (await fake.app.inject({ method: 'POST', url: '/graphql', payload, headers })).statusCode;
  expect([await ask({}), await ask({ 'x-api-key': KEY })]).toEqual([401, 200]);
});

test('wrong keys of WebSockets are misses', async () => {
  const answers: (string | number)[] = [];
  for (let i = 0; i <= MISSES; i += 1) answers.push(await connect({ authorization: 'Bearer key-of-nobody-at-all' }));
  expect(answers.at(-1)).toBe(429);
  expect(await connect(undefined, { 'x-api-key': KEY })).toBe('connection_ack');
});
