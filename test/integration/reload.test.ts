import { cp, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import request from 'supertest';
import { type RunningService, startService } from './runningService.ts';

jest.setTimeout(60_000);

const ZOO = join(import.meta.dirname, '../../models/zoo');

let modelsDir: string;
let service: RunningService;
let digit: Buffer;

beforeAll(async () => {
  modelsDir = await mkdtemp(join(tmpdir(), 'elucid-reload-'));
  digit = await readFile(join(ZOO, 'samples/8.png'));
  service = await startService({ MODELS_DIR: modelsDir });
});
afterAll(async () => {
  await service.stop();
  await rm(modelsDir, { recursive: true });
});

/** Puts a model of the zoo into the folder of models under another name, in one step. */
async function put(folder: string, from: string, changes: Readonly<Record<string, unknown>>): Promise<void> {
  const hidden = join(modelsDir, `.${folder}`);
  await cp(join(ZOO, from), hidden, { recursive: true });
  const manifest = JSON.parse(await readFile(join(hidden, 'manifest.json'), 'utf8'));
  await writeFile(join(hidden, 'manifest.json'), JSON.stringify({ ...manifest, ...changes }));
  await rename(hidden, join(modelsDir, folder));
}

const remove = (folder: string) => rm(join(modelsDir, folder), { recursive: true });
const reload = () => request(service.url).post('/admin/models/reload');
const explain = (fields: Readonly<Record<string, string>>) =>
  request(service.url)
    .post('/explain')
    .field({ model: 'digits', ...fields })
    .attach('image', digit, 'digit.png');
const states = async () => {
  const { body } = await request(service.url).get('/models');
  return body.models
    .filter(({ name }: { name: string }) => name === 'digits')
    .map((model: { version: string; state: string }) => `${model.version} ${model.state}`);
};

describe('models are read again while requests run', () => {
  test('two versions stand side by side, and one goes', async () => {
    expect((await explain({})).status).toBe(404);
    await put('one', 'mnist-mlp', { name: 'digits', version: '1' });
    expect((await reload()).body).toMatchObject({ added: [{ name: 'digits', version: '1' }], removed: [], failed: [] });
    expect((await explain({})).body.model).toMatchObject({ name: 'digits', version: '1' });

    await put('two', 'mnist-cnn', { name: 'digits', version: '2' });
    expect((await reload()).body).toMatchObject({ added: [{ name: 'digits', version: '2' }] });
    const [first, second, latest] = await Promise.all([
      explain({ version: '1' }),
      explain({ version: '2' }),
      explain({}),
    ]);
    expect([first, second, latest].map(({ body }) => body.model.version)).toEqual(['1', '2', '2']);
    expect(first.body.prediction.score).not.toBe(second.body.prediction.score);
    const described = await request(service.url).get('/models/digits?version=1');
    expect(described.body).toMatchObject({ version: '1', versions: ['2', '1'], state: 'ready' });
    expect(await states()).toEqual(['2 ready', '1 ready']);

    await remove('two');
    expect((await reload()).body).toMatchObject({ removed: [{ name: 'digits', version: '2' }] });
    expect((await explain({ version: '2' })).status).toBe(404);
    expect((await explain({})).body.model.version).toBe('1');
  });

  test('no request is dropped, and none is answered by half of each', async () => {
    const probabilities = new Map<string, number>();
    for (const [version, from] of [
      ['1', 'mnist-mlp'],
      ['3', 'mnist-cnn'],
    ] as const) {
      const { body } = await request(service.url).post('/explain').field('model', from).attach('image', digit, 'd.png');
      probabilities.set(version, body.prediction.score);
    }
    let reloading = true;
    const clients = Array.from({ length: 6 }, async () => {
      const answers: { status: number; version: string; score: number }[] = [];
      while (reloading) {
        const { status, body } = await explain({});
        answers.push({ status, version: body.model?.version, score: body.prediction?.score });
      }
      return answers;
    });
    for (let i = 0; i < 6; i += 1) {
      await put('three', 'mnist-cnn', { name: 'digits', version: '3' });
      expect((await reload()).status).toBe(200);
      expect((await explain({ version: '3' })).status).toBe(200);
      await remove('three');
      expect((await reload()).body.removed).toEqual([{ name: 'digits', version: '3' }]);
    }
    reloading = false;
    const answers = (await Promise.all(clients)).flat();
    expect(new Set(answers.map(({ version }) => version))).toEqual(new Set(['1', '3']));
    for (const { status, version, score } of answers) {
      expect(status).toBe(200);
      expect(score).toBeCloseTo(probabilities.get(version) ?? 0, 3);
    }
  });

  test('other labels and preprocessing of the same network count from the next request on', async () => {
    expect((await explain({})).body.prediction.label).toBe('8');
    await remove('one');
    const labels = Array.from({ length: 10 }, (_, i) => `digit ${i}`);
    await put('one', 'mnist-mlp', { name: 'digits', output: { kind: 'classification', labels } });
    expect((await reload()).body.changed).toEqual([{ name: 'digits', version: '1' }]);
    expect((await explain({})).body.prediction.label).toBe('digit 8');
  });

  test('a folder that cannot be used is reported, and does not stop the others', async () => {
    await put('broken', 'mnist-mlp', { name: 'digits', version: '9', format: 'pickle' });
    const { status, body } = await reload();
    expect(status).toBe(200);
    expect(body.failed).toMatchObject([{ name: 'digits', version: '9', reason: expect.stringContaining('format') }]);
    expect((await explain({ version: '1' })).status).toBe(200);
    await remove('broken');
  });

  test('SIGHUP does the same', async () => {
    await put('hup', 'mnist-mlp', { name: 'hup' });
    process.kill(service.pid, 'SIGHUP');
    const deadline = performance.now() + 10_000;
    let status = 404;
    while (status !== 200 && performance.now() < deadline) {
      ({ status } = await request(service.url).get('/models/hup'));
    }
    expect(status).toBe(200);
  });
});

describe('the memory for models', () => {
  test('holds the models that were used last; the others are idle, and load again', async () => {
    const small = await startService({ MODEL_MEMORY_BYTES: '1' });
    const ask = (model: string) =>
      request(small.url).post('/explain').field('model', model).attach('image', digit, 'digit.png');
    const states = async () => {
      const { body } = await request(small.url).get('/models');
      return Object.fromEntries(body.models.map((model: { name: string; state: string }) => [model.name, model.state]));
    };
    const first = await ask('mnist-cnn');
    expect(await states()).toMatchObject({ 'mnist-cnn': 'ready', 'mnist-mlp': 'idle' });
    await ask('mnist-mlp');
    expect(await states()).toMatchObject({ 'mnist-cnn': 'idle', 'mnist-mlp': 'ready' });
    const again = await ask('mnist-cnn');
    expect(again.body.prediction).toEqual(first.body.prediction);
    const both = await Promise.all(Array.from({ length: 20 }, (_, i) => ask(i % 2 ? 'mnist-cnn' : 'mnist-mlp')));
    expect(both.map(({ status, body }) => [status, body.prediction.index])).toEqual(both.map(() => [200, 8]));
    await small.stop();
  });
});
