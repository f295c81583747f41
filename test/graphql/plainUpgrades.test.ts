import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type TestApp, testApp } from '../http/testApp.ts';

/** As Java's HttpClient makes it with every request to http:// */
const OFFER = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAAB\r\n';

let fake: TestApp;
let port: number;

beforeAll(async () => {
  fake = await testApp();
  port = Number(new URL(await fake.app.listen({ host: '127.0.0.1', port: 0 })).port);
});
afterAll(async () => {
  await fake.app.close();
  await fake.jobs.close();
});

/** Everything that is answered until as many answers came. */
async function answers(socket: Socket, count: number): Promise<string> {
  let text = '';
  for await (const chunk of socket) {
    text += String(chunk);
    if (text.split('HTTP/1.1 ').length > count && text.endsWith('}')) break;
  }
  return text;
}

const body = JSON.stringify({ model: 'table', input: { tensor: { shape: [4], data: [1, 2, 3, 4] } } });
const post = (more: string, length = body.length) =>
  `POST /explain HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n${more}\r\n`;

test('a request that offers HTTP/2 is answered as it is, with its body and those after it', async () => {
  const socket = connect(port, '127.0.0.1');
  const read = answers(socket, 2);
  // The body comes partly with the head, partly later.
  socket.write(post(OFFER) + body.slice(0, 10));
  await new Promise((resolve) => setTimeout(resolve, 30));
  socket.write(body.slice(10));
  await new Promise((resolve) => setTimeout(resolve, 30));
  socket.write(post('') + body);
  const text = await read;
  expect(text.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(2);
  expect(text.match(/"engine":"fake\/cpu"/g)).toHaveLength(2);
});

test('a large body comes whole', async () => {
  const socket = connect(port, '127.0.0.1');
  const spaces = ' '.repeat(60_000);
  const read = answers(socket, 1);
  socket.write(post(OFFER, body.length + spaces.length));
  socket.write(spaces + body);
  expect(await read).toContain('200 OK');
});

test('a request without a body, and one that is refused, too', async () => {
  const socket = connect(port, '127.0.0.1');
  const read = answers(socket, 2);
  socket.write(`GET /methods HTTP/1.1\r\nHost: localhost\r\n${OFFER}\r\n`);
  await new Promise((resolve) => setTimeout(resolve, 50));
  socket.write(`GET /nothing HTTP/1.1\r\nHost: localhost\r\n${OFFER}\r\n`);
  expect(await read).toMatch(/^HTTP\/1\.1 200 OK[\s\S]*HTTP\/1\.1 404 Not Found/);
});
