import { createHash } from 'node:crypto';
import { cp, mkdtemp, open, readdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import request from 'supertest';
import { type RunningService, startService } from './runningService.ts';

jest.setTimeout(120_000);

const DIGIT = join(import.meta.dirname, '../../models/zoo/samples/8.png');
/** Requests that must be answered before workers are killed again. */
const ANSWERS_PER_ROUND = 10;

const METHODS = ['deep-taylor', 'sensitivity', 'gradient-times-input', 'lrp'] as const;

/** A store that all methods have filled, and what they answer. */
let warmDir: string;
const right = new Map<string, Buffer>();

let cacheDir: string;
let digit: Buffer;
let service: RunningService | null;

beforeAll(async () => {
  digit = await readFile(DIGIT);
  warmDir = await mkdtemp(join(tmpdir(), 'elucid-warm-'));
  cacheDir = warmDir;
  await start();
  for (const method of METHODS) right.set(method, await relevance(method));
  await stop();
});
beforeEach(async () => {
  cacheDir = await mkdtemp(join(tmpdir(), 'elucid-damage-'));
  await cp(warmDir, cacheDir, { recursive: true });
});
afterEach(async () => {
  await stop();
  await rm(cacheDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 1 });
});
afterAll(() => rm(warmDir, { recursive: true }));

/** Starts the service over the folder; the check of the store comes so late that only some tests see it. */
async function start(environment: Readonly<Record<string, string>> = {}): Promise<RunningService> {
  service = await startService({
    CACHE_DIR: cacheDir,
    MAX_BATCH: '1',
    LOG_LEVEL: 'debug',
    CACHE_CHECK_DELAY_MS: '3600000',
    ...environment,
  });
  return service;
}

async function stop(): Promise<void> {
  await service?.stop();
  service = null;
}

/** The relevance of the digit as bytes: with MAX_BATCH=1 the same for the same question. */
async function relevance(method: string, model = 'mnist-cnn'): Promise<Buffer> {
  const answer = await request(service?.url ?? '')
    .post('/explain')
    .set('accept', 'application/x-npy')
    .field('model', model)
    .field('method', method)
    .attach('image', digit, 'digit.png')
    .buffer(true)
    .parse((response, done) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => done(null, Buffer.concat(chunks)));
    });
  if (answer.status !== 200) {
    const errors = service?.log.filter((line) => line.includes('"err"')).join('\n');
    throw new Error(`${method} was answered ${answer.status}: ${answer.body}\n${errors}`);
  }
  return answer.body;
}

async function expectRightAnswers(): Promise<void> {
  for (const method of METHODS) expect((await relevance(method)).equals(right.get(method) ?? digit)).toBe(true);
}

/** Paths of all files in the store's folders. */
async function files(): Promise<string[]> {
  const entries = await readdir(cacheDir, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.parentPath !== cacheDir)
    .map((entry) => join(entry.parentPath, entry.name));
}

async function filesLike(pattern: RegExp): Promise<string[]> {
  const found = (await files()).filter((path) => pattern.test(path));
  if (found.length === 0) throw new Error(`no file of the store is like ${pattern}`);
  return found;
}

const deleted = (path: string) => rm(path, { force: true });

/** Another, shorter file takes the place: nobody who has mapped the old one is touched. */
async function replacedByShorter(path: string): Promise<void> {
  const content = await readFile(path).catch(() => Buffer.alloc(0));
  await writeFile(`${path}.short`, content.subarray(0, content.length / 2));
  await rename(`${path}.short`, path);
}

/** Flips the sign and the highest bits of numbers in the middle. */
async function flipped(path: string): Promise<void> {
  const file = await open(path, 'r+');
  const { size } = await file.stat();
  const part = Buffer.alloc(Math.min(4096, size >> 1));
  const at = ((size - part.length) >> 3) << 2;
  await file.read(part, 0, part.length, at);
  for (let i = 3; i < part.length; i += 4) part.writeUInt8(part.readUInt8(i) ^ 0x83, i);
  await file.write(part, 0, part.length, at);
  await file.close();
}

const KINDS = [
  ['structures and descriptions of compiled graphs', /\.json$/],
  ['weights and derived constants', /\.bin$/],
  ['compiled graphs', /\.onnx$/],
] as const;

describe('while the service is down', () => {
  test.each(KINDS)('%s are deleted: the answers stay the same', async (_, pattern) => {
    for (const path of await filesLike(pattern)) await rm(path);
    await start();
    await expectRightAnswers();
  });

  test.each(KINDS)('%s are cut short: the answers stay the same', async (_, pattern) => {
    for (const path of await filesLike(pattern)) await truncate(path, (await stat(path)).size >> 1);
    await start();
    await expectRightAnswers();
  });

  test('bits of all files but tensors are flipped: the answers stay the same', async () => {
    for (const path of await filesLike(/(json|onnx)$/)) await flipped(path);
    await start();
    await expectRightAnswers();
  });

  test.each([
    ['of every tensor', /./],
    // What is derived from damaged weights before the check is wrong, too, and must not be kept.
    ['of weights, and nothing is derived from them yet', /network\.json$|\.bin$/],
  ])('bits %s are flipped: after the check the answers are right', async (_, kept) => {
    for (const path of await files()) if (!kept.test(path)) await rm(path);
    for (const path of await filesLike(/\.bin$/)) {
      if (kept.test('graph') || (await isWeight(path))) await flipped(path);
      else await rm(path);
    }
    await start({ CACHE_CHECK_DELAY_MS: '6000' });
    for (const method of METHODS) expect((await relevance(method)).equals(right.get(method) ?? digit)).toBe(false);
    expect(service?.log.join('\n')).not.toContain('were damaged');
    await logged('were damaged');
    await expectRightAnswers();
  });

  test('nothing is damaged: the check says nothing, and nothing is made anew', async () => {
    const before = await inodes();
    await start({ CACHE_CHECK_DELAY_MS: '0' });
    await logged('is verified');
    await expectRightAnswers();
    expect(service?.log.join('\n')).not.toContain('were damaged');
    expect(await inodes()).toEqual(before);
  });
});

describe('under load', () => {
  test.each([
    ['deleted', /\.bin$/, deleted],
    ['deleted', /./, deleted],
    ['replaced by shorter ones', /\.(onnx|json)$/, replacedByShorter],
  ])('files are %s (%s) and workers killed: every answer is right', async (_, pattern, harm) => {
    await start();
    let harming = true;
    let answered = 0;
    const clients = METHODS.flatMap((method) =>
      Array.from({ length: 2 }, async () => {
        while (harming) {
          expect((await relevance(method)).equals(right.get(method) ?? digit)).toBe(true);
          answered += 1;
        }
      }),
    );
    const harmed = (async () => {
      for (let round = 0; round < 4; round += 1) {
        for (const path of (await files()).filter((name) => pattern.test(name))) await harm(path);
        // A new process maps everything anew; more is harmed while it does.
        for (const worker of await workers()) process.kill(worker, 'SIGKILL');
        for (const pause of [300, 1000]) {
          await setTimeout(pause);
          for (const path of (await files()).filter((name) => pattern.test(name))) await harm(path);
        }
        const wanted = answered + ANSWERS_PER_ROUND;
        while (harming && answered < wanted) await setTimeout(20);
      }
    })();
    await Promise.race([harmed, ...clients]).finally(() => {
      harming = false;
    });
    await Promise.all(clients);
    expect(answered).toBeGreaterThanOrEqual(4 * ANSWERS_PER_ROUND);
  });

  test('the whole folder is removed: every answer is right, and the folder is there again', async () => {
    await start();
    await rm(cacheDir, { recursive: true, maxRetries: 20, retryDelay: 1 });
    for (const worker of await workers()) process.kill(worker, 'SIGKILL');
    await expectRightAnswers();
    expect((await stat(cacheDir)).mode & 0o777).toBe(0o700);
  });
});

/** Whether a tensor is named by the SHA-256 of its values, which derived constants are not. */
async function isWeight(path: string): Promise<boolean> {
  const content = await readFile(path);
  return path.includes(createHash('sha256').update(content.subarray(0, -32)).digest('hex'));
}

async function workers(): Promise<number[]> {
  return (await service?.workers()) ?? [];
}

/** Which file lies behind each name. */
async function inodes(): Promise<ReadonlyMap<string, number>> {
  const paths = (await files()).sort();
  return new Map(
    await Promise.all(paths.map(async (path): Promise<[string, number]> => [path, (await stat(path)).ino])),
  );
}

async function logged(text: string, patienceMs = 20_000): Promise<void> {
  const deadline = performance.now() + patienceMs;
  while (!service?.log.some((line) => line.includes(text))) {
    if (performance.now() > deadline) throw new Error(`the service did not log ${JSON.stringify(text)}`);
    await setTimeout(50);
  }
}
