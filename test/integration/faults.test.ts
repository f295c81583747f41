import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, jest, test } from '@jest/globals';
import request from 'supertest';
import { type RunningService, startService, stillRunning } from './runningService.ts';

jest.setTimeout(60_000);

const ROOT = join(import.meta.dirname, '../..');
const DIGIT = join(ROOT, 'models/zoo/samples/8.png');

describe('a lost worker', () => {
  test('costs running requests at most a retry, whichever kind it is', async () => {
    const service = await startService();
    const digit = await readFile(DIGIT);
    const explain = () =>
      request(service.url).post('/explain').field('model', 'mnist-cnn').attach('image', digit, 'digit.png');
    await explain();
    const workers = await service.workers();
    expect(workers.length).toBeGreaterThanOrEqual(2);
    for (const worker of workers) {
      const running = Array.from({ length: 20 }, explain);
      const answers = Promise.all(running);
      await setTimeout(5);
      process.kill(worker, 'SIGKILL');
      for (const { status, body } of await answers) {
        expect({ status, index: body.prediction?.index }).toEqual({ status: 200, index: 8 });
      }
    }
    const ready = await request(service.url).get('/health/ready');
    expect(ready.status).toBe(200);
    expect(await service.workers()).not.toEqual(expect.arrayContaining(workers));
    await service.stop();
  });
});

describe('a worker that is killed while it starts', () => {
  test('is replaced, and costs no answer', async () => {
    const service = await startService();
    const digit = await readFile(DIGIT);
    const answers = Promise.all(
      Array.from({ length: 4 }, () =>
        request(service.url).post('/explain').field('model', 'mnist-mlp').attach('image', digit, 'digit.png'),
      ),
    );
    // The first ones have the tasks, the next ones are to take them over and cannot have started yet.
    const killed = new Set<number>();
    for (const round of [1, 2]) {
      const workers = await newWorkers(service, killed);
      expect({ round, workers: workers.length }).toEqual({ round, workers: 2 });
      for (const worker of workers) process.kill(worker, 'SIGKILL');
      for (const worker of workers) killed.add(worker);
    }
    for (const { status, body } of await answers) {
      expect({ status, index: body.prediction?.index }).toEqual({ status: 200, index: 8 });
    }
    await service.stop();
  });
});

/** The two workers that run and were not killed yet, as soon as there are two. */
async function newWorkers(service: RunningService, killed: ReadonlySet<number>): Promise<number[]> {
  for (let i = 0; i < 200; i += 1) {
    const workers = (await service.workers()).filter((worker) => !killed.has(worker));
    if (workers.length === 2) return workers;
    await setTimeout(10);
  }
  return [];
}

describe('a client that leaves while it sends', () => {
  test.each([
    ['application/json', '{"model": "mnist-cnn", "input": {"image": "AAAA'],
    [
      'multipart/form-data; boundary=b',
      '--b\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\nAAAA',
    ],
    ['image/png', 'AAAA'],
  ])('is no error of the service: %s', async (type, begun) => {
    const service = await startService();
    const path = type === 'image/png' ? '/explanations/mnist-cnn' : '/explain';
    const { hostname, port } = new URL(service.url);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    socket.write(
      `POST ${path} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nContent-Type: ${type}\r\nContent-Length: 5000\r\n\r\n${begun}`,
    );
    await setTimeout(200);
    socket.destroy();
    const entries = () => service.log.map((line) => JSON.parse(line));
    for (let i = 0; i < 100 && !entries().some(({ code }) => code === 'gone'); i += 1) await setTimeout(50);
    expect(entries().filter(({ code }) => code === 'gone')).toHaveLength(1);
    expect(entries().filter(({ level }) => level >= 50)).toEqual([]);
    await service.stop();
  });
});

describe('the end', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('%s lets running requests finish and leaves no process', async (signal) => {
    const service = await startService();
    const digit = await readFile(DIGIT);
    const explain = () =>
      request(service.url).post('/explain').field('model', 'mnist-mlp').attach('image', digit, 'digit.png');
    await explain();
    const processes = await service.descendants();
    expect(processes.length).toBeGreaterThanOrEqual(2);
    const running = explain();
    const answer = running.then(({ status }) => status);
    await setTimeout(20);
    const { code, ms } = await service.stop(signal);
    expect(await answer).toBe(200);
    expect(code).toBe(0);
    expect(ms).toBeLessThan(10_000);
    expect(await stillRunning([service.pid, ...processes])).toEqual([]);
  });

  test('a killed service leaves no process either', async () => {
    const service = await startService();
    const processes = await service.descendants();
    await service.stop('SIGKILL');
    expect(await stillRunning(processes)).toEqual([]);
  });
});

describe('a bad configuration', () => {
  test.each([
    ['PORT', 'http', 'a whole number from 0 to 65535'],
    ['HOST', '0.0.0.0', 'ALLOW_ANONYMOUS=true'],
    ['MODELS_DIR', '/no/such/folder', 'a folder that exists'],
  ])('%s=%s stops the start with one line', async (name, value, allowed) => {
    const child = spawn(process.execPath, ['--import', 'tsx', join(ROOT, 'services/server.ts')], {
      env: { PATH: process.env['PATH'], [name]: value },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let errors = '';
    child.stderr.on('data', (chunk) => {
      errors += chunk;
    });
    const [code] = await once(child, 'close');
    expect(code).not.toBe(0);
    expect(errors.trim().split('\n')).toHaveLength(1);
    for (const word of [name, value, allowed]) expect(errors).toContain(word);
  });
});
