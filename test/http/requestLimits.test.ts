import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseJson } from '../../services/http/parseJson.ts';
import { type TestApp, testApp } from './testApp.ts';

const MILLION = 1_000_000;

let fake: TestApp;
beforeAll(async () => {
  fake = await testApp({ MAX_UPLOAD_BYTES: 4 * MILLION });
});
afterAll(async () => {
  await fake.app.close();
  await fake.jobs.close();
});

const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);

describe('JSON', () => {
  const json = { 'content-type': 'application/json' };
  const form = (payload: string) => ({
    method: 'POST' as const,
    url: '/explain',
    headers: { 'content-type': 'multipart/form-data; boundary=x' },
    payload: `--x\r\ncontent-disposition: form-data; name="options"\r\n\r\n${payload}\r\n--x--\r\n`,
  });
  const post = (url: string, payload: string) => ({ method: 'POST' as const, url, headers: json, payload });

  test.each([
    ['POST /explain', (text: string) => post('/explain', text)],
    ['POST /prototype', (text: string) => post('/prototype', text)],
    ['a field of a form', form],
    ['KServe', (text: string) => post('/v1/models/table:predict', `{"instances":${text}}`)],
    ['the Open Inference Protocol', (text: string) => post('/v2/models/table/infer', text)],
    ['its repository', (text: string) => post('/v2/repository/index', text)],
  ] as const)('nested deeply is refused by %s, at once', async (_, request) => {
    for (const depth of [70, 10_000, MILLION]) {
      const started = performance.now();
      // A field of a form holds a million bytes.
      const answer = await fake.app.inject(request(nested(Math.min(depth, 500_000))));
      expect([depth, answer.statusCode, answer.json().code]).toEqual([depth, 400, 'bad-body']);
      expect(answer.json().detail).toContain('nested more deeply than 64');
      expect(performance.now() - started).toBeLessThan(20_000);
    }
  });

  test('in a query, too', async () => {
    const url = `/models/digits/explanation.onnx?method=lrp&composite=${encodeURIComponent(nested(70))}`;
    expect((await fake.app.inject(url)).json()).toMatchObject({ status: 400, code: 'bad-body' });
  });

  test('of millions of empty lists is refused before they fill the memory', async () => {
    const started = performance.now();
    const answer = await fake.app.inject(post('/explain', `[${'[],'.repeat(1.3 * MILLION)}[]]`));
    expect([answer.statusCode, answer.json().code]).toEqual([400, 'bad-body']);
    expect(answer.json().detail).toContain('more than 1000000 objects and lists');
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  test('is bounded in its structure alone, not in what its strings hold', () => {
    const value = { text: nested(500), quoted: '"[[[', escaped: '\\"['.repeat(100), 'key {{{': [[[1]]] };
    expect(parseJson(JSON.stringify(value))).toEqual(value);
    const deepest = nested(64);
    expect(parseJson(deepest)).toEqual(JSON.parse(deepest));
    expect(() => parseJson(nested(65))).toThrow('nested more deeply');
  });

  test('whatever JSON is given, it is read as JSON.parse reads it, or too deep', () => {
    const wraps = fc.array(fc.option(fc.string(), { nil: null }), { maxLength: 130 });
    fc.assert(
      fc.property(fc.string(), wraps, fc.boolean(), (inner, names, pretty) => {
        const value = names.reduce<unknown>(
          (held, name) => (name === null ? [held, '['] : { [`_${name}`]: held }),
          inner,
        );
        const text = JSON.stringify(value, null, pretty ? 1 : 0);
        if (names.length > 64) expect(() => parseJson(text)).toThrow('nested more deeply');
        else expect(parseJson(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  test.each(['', '{', '["\\"]', '"', '{"a":1}}', '\u0000', 'nul', '[1,]', '\\'])('%j is no JSON', (text) => {
    expect(() => parseJson(text)).toThrow('is not valid JSON');
  });
});

describe('requests', () => {
  test('a URL of more than 8 KiB is refused', async () => {
    const answer = await fake.app.inject(`/models?x=${'y'.repeat(8192)}`);
    expect([answer.statusCode, answer.json().code]).toEqual([414, 'url-too-long']);
    expect((await fake.app.inject(`/models?x=${'y'.repeat(8100)}`)).statusCode).toBe(200);
  });

  test('more than a hundred headers are refused', async () => {
    const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`x-${i}`, '1']));
    const answer = await fake.app.inject({ url: '/models', headers: many(150) });
    expect([answer.statusCode, answer.json().code]).toEqual([431, 'header-too-large']);
    expect((await fake.app.inject({ url: '/models', headers: many(90) })).statusCode).toBe(200);
  });

  test('a packed body where none is expected is no JSON', async () => {
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
    const answer = await fake.app.inject({
      method: 'POST',
      url: '/explain',
      headers,
      payload: Buffer.of(0x1f, 0x8b, 8),
    });
    expect([answer.statusCode, answer.json().code]).toEqual([400, 'bad-body']);
  });
});
