import { Readable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import fastify, { type FastifyInstance } from 'fastify';
import { cutSlowReaders } from '../../services/http/plugins/slowReaders.ts';
import { connectTo, untilClosed } from '../support/rawConnection.ts';

const TIMEOUT_MS = 400;
const CHUNK = Buffer.alloc(64 * 1024, 'x');

let app: FastifyInstance;
let url: string;
/** Streams that were destroyed before their end. */
let cut = 0;

beforeAll(async () => {
  app = fastify({ forceCloseConnections: true });
  cutSlowReaders(app, TIMEOUT_MS);
  app.get('/endless', (_request, reply) => {
    const stream = new Readable({
      read() {
        this.push(CHUNK);
      },
      destroy(error, done) {
        cut += 1;
        done(error);
      },
    });
    return reply.send(stream);
  });
  app.get('/events', (_request, reply) => {
    async function* events() {
      yield 'data: first\n\n';
      await setTimeout(4 * TIMEOUT_MS);
      yield 'data: last\n\n';
    }
    return reply.type('text/event-stream').send(Readable.from(events(), { objectMode: false }));
  });
  app.get('/late', async () => {
    await setTimeout(3 * TIMEOUT_MS);
    return 'late';
  });
  url = await app.listen({ host: '127.0.0.1', port: 0 });
});

afterAll(async () => {
  await app.close();
});

async function ask(path: string) {
  const socket = await connectTo(url);
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
  return socket;
}

describe('a stream', () => {
  test('that nobody reads is cut, and its source ends', async () => {
    const socket = await ask('/endless');
    socket.pause();
    const started = performance.now();
    while (cut === 0 && performance.now() - started < 20 * TIMEOUT_MS) await setTimeout(20);
    expect(cut).toBe(1);
    expect(performance.now() - started).toBeGreaterThanOrEqual(TIMEOUT_MS * 0.9);
    socket.destroy();
  });

  test('that is read slowly goes on', async () => {
    const before = cut;
    const socket = await ask('/endless');
    let read = 0;
    socket.on('data', (chunk: Buffer) => {
      read += chunk.length;
      socket.pause();
    });
    const started = performance.now();
    // Buffers of the system hide anything slower for a while.
    while (performance.now() - started < 4 * TIMEOUT_MS) {
      await setTimeout(2);
      socket.resume();
    }
    expect(read).toBeGreaterThan(100 * CHUNK.length);
    expect(cut).toBe(before);
    socket.destroy();
  });

  test('in which nothing happens for long stays open', async () => {
    const { text, ms } = await untilClosed(await ask('/events'));
    expect(text).toContain('data: first');
    expect(text).toContain('data: last');
    expect(ms).toBeGreaterThan(3 * TIMEOUT_MS);
  });
});

describe('a client that leaves', () => {
  test.each([
    ['while it waits', ['/late']],
    ['with answers behind the first', ['/late', '/events', '/late']],
  ])('%s: nobody watches it any more', async (_, paths) => {
    const started = jest.spyOn(globalThis, 'setInterval');
    const ended = jest.spyOn(globalThis, 'clearInterval');
    const requested = new Promise((resolve) => app.server.once('request', resolve));
    const socket = await connectTo(url);
    socket.write(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`).join(''));
    await requested;
    await setTimeout(TIMEOUT_MS);
    socket.destroy();
    await setTimeout(4 * TIMEOUT_MS);
    const watches = started.mock.results.map(({ value }) => value);
    const over: Set<unknown> = new Set(ended.mock.calls.map(([watch]) => watch));
    expect(watches.filter((watch) => !over.has(watch))).toEqual([]);
    started.mockRestore();
    ended.mockRestore();
  });
});

test('an answer that waits for the one before it on its connection is not cut', async () => {
  const socket = await connectTo(url);
  socket.write('GET /late HTTP/1.1\r\nHost: localhost\r\n\r\n');
  socket.write('GET /events HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  const { text } = await untilClosed(socket);
  expect(text).toContain('late');
  expect(text).toContain('data: last');
});
