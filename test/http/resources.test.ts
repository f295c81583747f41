import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { METHOD_NAMES } from '../../schemas/methods.ts';
import { type TestApp, testApp } from './testApp.ts';

let fake: TestApp;

beforeAll(async () => {
  fake = await testApp();
});

beforeEach(() => {
  fake.service.aliveError = null;
  fake.service.exports.length = 0;
});

afterAll(async () => {
  await fake.app.close();
});

const get = (url: string, headers = {}) => fake.app.inject({ method: 'GET', url, headers });

describe('models', () => {
  test('all are listed, those that cannot be used with the reason', async () => {
    const { models } = (await get('/models')).json();
    expect(models).toHaveLength(4);
    expect(models[0]).toMatchObject({ name: 'broken', state: 'failed', reason: 'weights.bin is missing' });
    expect(models[1]).toMatchObject({
      name: 'digits',
      version: '2',
      state: 'idle',
      input: { kind: 'image', shape: [1, 28, 28] },
      outputs: { kind: 'classification', labels: 2 },
    });
  });

  test('one is described with its manifest, layers and methods', async () => {
    const answer = await get('/models/digits?version=2');
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toMatchObject({
      name: 'digits',
      versions: ['2'],
      state: 'ready',
      manifest: { format: 'tfjs', input: { box: [0, 1] } },
      layers: [{ name: 'dense', output_shape: [10], parameters: 7850 }],
      methods: [{ name: 'sensitivity', applies: true }],
    });
  });

  test('a failed one is described, too', async () => {
    expect((await get('/models/broken')).json()).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('weights.bin is missing'),
      layers: [],
    });
  });

  test.each(['/models/nothing', '/models/digits?version=9', '/models/..%2F..%2Fetc%2Fpasswd'])(
    '%s is 404',
    async (url) => {
      const answer = await get(url);
      expect(answer.statusCode).toBe(404);
      expect(answer.json()).toMatchObject({
        code: 'unknown-model',
        detail: expect.stringContaining('digits, signal, table'),
      });
    },
  );

  test('an unknown query is refused', async () => {
    const answer = await get('/models/digits?verison=2');
    expect(answer.statusCode).toBe(422);
    expect(answer.json().detail).toContain('did you mean "version"?');
  });
});

describe('the compiled explanation', () => {
  test('is a download; options are read from the query', async () => {
    const composite = [{ match: { first: true }, rule: { name: 'flat' } }];
    const query = new URLSearchParams({ method: 'lrp', start: 'one', composite: JSON.stringify(composite) });
    const answer = await get(`/models/digits/explanation.onnx?${query}`);
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-disposition']).toBe('attachment; filename="digits-2-lrp.onnx"');
    expect(answer.rawPayload).toEqual(Buffer.from([8, 9]));
    expect(fake.service.exports[0]).toMatchObject({
      method: 'lrp',
      options: { start: 'one', composite: [{ rule: { name: 'flat' } }] },
    });
  });

  test('numbers are read as numbers', async () => {
    await get('/models/digits/explanation.onnx?stabiliser=1e-3');
    expect(fake.service.exports[0]).toEqual({ method: 'deep-taylor', options: { start: 'score', stabiliser: 1e-3 } });
  });

  test.each([
    ['method=lpr', 'did you mean "lrp"?'],
    ['method=lrp&epsilon=1', 'unknown key "epsilon"'],
    ['stabiliser=big', 'stabiliser must be a number'],
    ['start=one&start=score', 'more than once'],
  ])('%s is refused', async (query, words) => {
    const answer = await get(`/models/digits/explanation.onnx?${query}`);
    expect(answer.statusCode).toBe(422);
    expect(answer.json().detail).toContain(words);
  });

  test('broken JSON, and __proto__, are no options', async () => {
    for (const value of ['{"a"', '{"__proto__":1}']) {
      const answer = await get(`/models/digits/explanation.onnx?composite=${encodeURIComponent(value)}`);
      expect(answer.statusCode).toBe(400);
    }
  });
});

test('every method is listed with a usable JSON Schema of its options', async () => {
  const { methods, composites } = (await get('/methods')).json();
  expect(methods.map(({ name }: { name: string }) => name)).toEqual(METHOD_NAMES);
  expect(methods.filter((method: { default: boolean }) => method.default)).toHaveLength(1);
  for (const { title, summary, source, options } of methods) {
    expect([title, summary, source].every((text) => text.length > 5)).toBe(true);
    expect(() => z.fromJSONSchema(options).parse({})).not.toThrow();
  }
  expect(composites).toContain('alpha2-beta1');
});

describe('health', () => {
  test('live', async () => {
    expect((await get('/health/live')).json()).toEqual({ status: 'live' });
  });

  test('ready as long as the workers answer', async () => {
    expect((await get('/health/ready')).json()).toEqual({ status: 'ready' });
    fake.service.aliveError = new Error('no worker in /secret/folder');
    const answer = await get('/health/ready');
    expect(answer.statusCode).toBe(503);
    expect(answer.headers['retry-after']).toBe('1');
    expect(answer.json()).toMatchObject({ code: 'not-ready' });
    expect(answer.payload).not.toContain('secret');
  });
});

describe('routes', () => {
  test('/ tells programs what there is and sends browsers to the documentation', async () => {
    expect((await get('/')).json()).toMatchObject({ name: 'elucid', version: '1.2.3', documentation: '/docs' });
    const page = await get('/', { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' });
    expect([page.statusCode, page.headers.location]).toEqual([302, '/docs']);
  });

  test('an unknown path is a problem', async () => {
    const answer = await get('/v9/nothing?secret=1');
    expect(answer.statusCode).toBe(404);
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(answer.json()).toMatchObject({ code: 'unknown-route', detail: expect.stringContaining('/v9/nothing') });
    expect(answer.payload).not.toContain('secret');
  });

  test.each([
    ['GET', '/explain', 'POST, OPTIONS'],
    ['DELETE', '/models/digits', 'GET, HEAD, OPTIONS'],
    ['POST', '/methods', 'GET, HEAD, OPTIONS'],
  ] as const)('%s %s is 405 and names what is allowed', async (method, url, allow) => {
    const answer = await fake.app.inject({ method, url, ...(method === 'POST' ? { payload: { a: 1 } } : {}) });
    expect(answer.statusCode).toBe(405);
    expect(answer.headers.allow).toBe(allow);
    expect(answer.json()).toMatchObject({ code: 'method-not-allowed', detail: expect.stringContaining(method) });
  });

  test('OPTIONS tells the methods, HEAD the headers', async () => {
    const options = await fake.app.inject({ method: 'OPTIONS', url: '/explain' });
    expect([options.statusCode, options.headers.allow]).toEqual([204, 'POST, OPTIONS']);
    const head = await fake.app.inject({ method: 'HEAD', url: '/models' });
    expect([head.statusCode, head.payload]).toEqual([200, '']);
  });

  test('a broken URL is a problem', async () => {
    const answer = await get('/models/%E0%A4%A');
    expect(answer.statusCode).toBe(404);
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
  });

  test('/docs loads nothing from elsewhere', async () => {
    const page = await get('/docs');
    expect(page.statusCode).toBe(200);
    expect(page.payload).not.toMatch(/(src|href)="https?:/);
    expect(page.headers['content-security-policy']).not.toMatch(/https?:|upgrade/);
    const scripts = [...page.payload.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path = '']) => path);
    expect(scripts.length).toBeGreaterThan(2);
    for (const path of scripts) expect((await get(path)).statusCode).toBe(200);
  });
});
