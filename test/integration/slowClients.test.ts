import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { connectTo, trickle, untilClosed } from '../support/rawConnection.ts';
import { type RunningService, startService } from './runningService.ts';

jest.setTimeout(60_000);

const REQUEST_MS = 1500;
const RESPONSE_MS = 1000;
const CONNECTIONS = 20;

let service: RunningService;

beforeAll(async () => {
  service = await startService({
    REQUEST_TIMEOUT_MS: String(REQUEST_MS),
    RESPONSE_TIMEOUT_MS: String(RESPONSE_MS),
    MAX_CONNECTIONS: String(CONNECTIONS),
  });
});

afterAll(async () => {
  await service?.stop();
});

const HOST = 'Host: localhost\r\n';
const isAlive = async () => (await fetch(`${service.url}/health/live`)).status === 200;

describe('slowloris', () => {
  test('headers that come a character at a time are cut off with 408', async () => {
    const socket = await connectTo(service.url);
    const answer = untilClosed(socket);
    await trickle(socket, `GET /models HTTP/1.1\r\n${HOST}X-Long: ${'x'.repeat(1000)}`, 50);
    const { text, ms } = await answer;
    expect(text).toMatch(/^HTTP\/1\.1 408 /);
    expect(text).toContain('"code":"timeout"');
    expect(ms).toBeLessThan(4 * REQUEST_MS);
    expect(await isAlive()).toBe(true);
  });

  test('a body that comes a character at a time is cut off with 408', async () => {
    const socket = await connectTo(service.url);
    const answer = untilClosed(socket);
    socket.write(`POST /explain HTTP/1.1\r\n${HOST}Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n`);
    await trickle(socket, '{"model":"'.padEnd(1000, 'm'), 50);
    const { text, ms } = await answer;
    expect(text).toMatch(/^HTTP\/1\.1 408 /);
    expect(ms).toBeLessThan(4 * REQUEST_MS);
    expect(await isAlive()).toBe(true);
  });

  test('an answer that is not read is cut, one that is read is not', async () => {
    const asked = `GET /openapi.json HTTP/1.1\r\n${HOST}\r\n`.repeat(200);
    const socket = await connectTo(service.url);
    // More answers than the buffers of the system hold, none of which is read.
    socket.pause();
    socket.write(asked);
    const cut = async () => service.log.some((line) => line.includes('answer cut'));
    const deadline = performance.now() + 20 * RESPONSE_MS;
    while (!(await cut()) && performance.now() < deadline) await setTimeout(50);
    expect(await cut()).toBe(true);
    const { text } = await untilClosed(socket.resume());
    expect(text.match(/HTTP\/1\.1 200/g)?.length).toBeLessThan(200);

    const reader = await connectTo(service.url);
    let answers = 0;
    reader.on('data', (chunk: Buffer) => {
      answers += chunk.toString('latin1').split('HTTP/1.1 200').length - 1;
    });
    reader.write(`${asked.slice(0, asked.length - 2)}Connection: close\r\n\r\n`);
    await once(reader, 'close');
    // A line that two chunks share is not counted.
    expect(answers).toBeGreaterThan(190);
    expect(await isAlive()).toBe(true);
  });
});

describe('floods', () => {
  test('of headers: more than 16 KiB, and more than a hundred', async () => {
    const large = await connectTo(service.url);
    large.write(`GET /models HTTP/1.1\r\n${HOST}X-Large: ${'x'.repeat(20_000)}\r\n\r\n`);
    expect((await untilClosed(large)).text).toMatch(/^HTTP\/1\.1 431 [\s\S]*"code":"header-too-large"/);
    const many = await connectTo(service.url);
    const headers = Array.from({ length: 150 }, (_, i) => `X-${i}: 1\r\n`).join('');
    many.write(`GET /models HTTP/1.1\r\n${HOST}${headers}Connection: close\r\n\r\n`);
    expect((await untilClosed(many)).text).toMatch(/^HTTP\/1\.1 431 [\s\S]*received 152 headers; allowed are 100/);
    const long = await connectTo(service.url);
    long.write(`GET /models?${'x'.repeat(9000)} HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`);
    expect((await untilClosed(long)).text).toMatch(/^HTTP\/1\.1 414 /);
    expect(await isAlive()).toBe(true);
  });

  test('of connections: one too many is answered 503 and closed; when others have gone there is room again', async () => {
    // Those of earlier tests have gone first.
    await setTimeout(200);
    const idle = await Promise.all(Array.from({ length: CONNECTIONS }, () => connectTo(service.url)));
    const refused = await connectTo(service.url);
    const { text, ms } = await untilClosed(refused);
    expect(text).toMatch(/^HTTP\/1\.1 503 /);
    expect(text).toContain('Retry-After: 1');
    expect(text).toContain(`${CONNECTIONS} connections are open`);
    expect(ms).toBeLessThan(20_000);
    for (const socket of idle.slice(0, 5)) socket.destroy();
    await setTimeout(200);
    expect(await isAlive()).toBe(true);
    for (const socket of idle) socket.destroy();
  });
});
