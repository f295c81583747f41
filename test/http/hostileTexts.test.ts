import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { InjectOptions } from 'fastify';
import type { ItemExplanation } from '../../services/compute/explanation.ts';
import { connectTo, untilClosed } from '../support/rawConnection.ts';
import { fakeExplanation } from './fakeService.ts';
import { type TestApp, testApp } from './testApp.ts';

const TENSOR = { shape: [4], data: [0, 1, 2, 3] };
const BODY = { model: 'table', input: { tensor: TENSOR } };

let fake: TestApp;
let url: string;
beforeAll(async () => {
  fake = await testApp({}, null, { API_KEYS: 'key-of-alice-0001' });
  url = await fake.app.listen({ host: '127.0.0.1', port: 0 });
});
afterAll(async () => {
  await fake.app.close();
  await fake.jobs.close();
});
beforeEach(() => {
  fake.service.instead = null;
});

const key = { 'x-api-key': 'key-of-alice-0001' };
const send = (options: InjectOptions) => fake.app.inject({ ...options, headers: { ...key, ...options.headers } });

describe('a label of a model', () => {
  const LABEL = 'cat\r\nSet-Cookie: owned=1\r\n\r\n<script>alert(1)</script>\u2028straße 漢字 \ud800';

  test('with line breaks and what is not ASCII splits no answer, and comes out as it went in', async () => {
    fake.service.instead = async (command) => {
      const explanation = fakeExplanation(command);
      const relabel = (item: ItemExplanation): ItemExplanation => ({
        ...item,
        prediction: { ...item.prediction, label: LABEL },
      });
      return { ...explanation, items: explanation.items.map(relabel) };
    };
    const body = JSON.stringify(BODY);
    const socket = await connectTo(url);
    const answer = untilClosed(socket);
    const headers = [
      'Host: localhost',
      'X-API-Key: key-of-alice-0001',
      'Accept: application/x-npy',
      'Content-Type: application/json',
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Connection: close',
    ];
    socket.write(`POST /explain HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n${body}`);
    const [head = ''] = (await answer).text.split('\r\n\r\n', 1);
    const lines = head.split('\r\n');
    expect(lines[0]).toBe('HTTP/1.1 200 OK');
    expect(lines.filter((line) => /^set-cookie/i.test(line))).toEqual([]);
    const label =
      lines.find((line) => line.startsWith('x-prediction-label: '))?.slice('x-prediction-label: '.length) ?? '';
    expect(label).toMatch(/^[\x21-\x7e]+$/);
    // A lone half of a character cannot be sent at all.
    expect(decodeURIComponent(label)).toBe(LABEL.replace('\ud800', '\ufffd'));
  });
});

describe('what a client sends is in no header of the answer', () => {
  test.each<[string, InjectOptions]>([
    ['a header', { url: '/models', headers: { 'x-request-id': 'owned', 'x-own': 'owned' } }],
    ['a query', { url: '/models/digits/explanation.onnx?method=sensitivity&owned=%0d%0aowned:1' }],
    ['a path', { url: '/owned%0d%0aowned:1' }],
    ['a name of a job', { url: '/jobs/owned%0d%0aowned:1' }],
    [
      'an idempotency key',
      {
        method: 'POST',
        url: '/explain',
        payload: BODY,
        headers: { prefer: 'respond-async', 'idempotency-key': 'owned' },
      },
    ],
    ['a model', { method: 'POST', url: '/explain', payload: { ...BODY, model: 'owned\r\nowned: 1' } }],
  ])('%s', async (_, options) => {
    expect(JSON.stringify((await send(options)).headers)).not.toContain('owned');
  });
});

describe('no text takes long to be looked at', () => {
  /** As much as headers may be. */
  const SIZE = 15_000;
  /** Starts, middles and ends out of which regular expressions that go back and forth make squares and cubes. */
  const TEXTS: readonly string[] = [
    'a'.repeat(SIZE),
    ' '.repeat(SIZE),
    `a=${' '.repeat(SIZE)}"`,
    `a${' '.repeat(SIZE)}=${' '.repeat(100)}"`,
    `a=b${' '.repeat(SIZE)}"x`,
    `a=${' '.repeat(SIZE)}b c`,
    `a${' '.repeat(SIZE)}b`,
    `a;${' ;'.repeat(SIZE / 2)}\u00e9`,
    `"${'"'.repeat(SIZE)}`,
    `"${'\\"'.repeat(SIZE / 2)}`,
    `${'a,'.repeat(SIZE / 2)}"`,
    `${'a;'.repeat(SIZE / 2)}=`,
    `${'a/'.repeat(SIZE / 2)}`,
    `${';q='.repeat(SIZE / 3)}0.`,
    `${'1'.repeat(SIZE)}x`,
    `${'1e'.repeat(SIZE / 2)}`,
    `${'-'.repeat(SIZE)}a`,
    `${'a-'.repeat(SIZE / 2)}-`,
    `${'A'.repeat(SIZE)}=!`,
    `${'[::'.repeat(SIZE / 3)}]`,
    `${'127.'.repeat(SIZE / 4)}`,
    `${'f:'.repeat(SIZE / 2)}%`,
    `Bearer${' '.repeat(SIZE)}!`,
    `{${'{'.repeat(50)}"${'\\'.repeat(SIZE)}`,
  ];
  const HEADERS = [
    'accept',
    'accept-encoding',
    'authorization',
    'content-encoding',
    'content-type',
    'forwarded',
    'host',
    'idempotency-key',
    'if-none-match',
    'inference-header-content-length',
    'last-event-id',
    'origin',
    'prefer',
    'x-api-key',
    'x-forwarded-for',
    'x-forwarded-host',
  ];
  const MOST_MS = 100;

  async function quick(make: (text: string) => InjectOptions): Promise<void> {
    for (const text of TEXTS) {
      // What else the machine does may take longer once, not every time.
      const ms = await quickest(make(text));
      if (ms > MOST_MS) throw new Error(`${JSON.stringify(text.slice(0, 20))}... takes ${ms} ms`);
    }
  }

  async function quickest(options: InjectOptions): Promise<number> {
    const first = await took(options);
    return first <= MOST_MS ? first : Math.min(await took(options), await took(options));
  }

  async function took(options: InjectOptions): Promise<number> {
    const started = performance.now();
    expect((await send(options)).statusCode).not.toBe(500);
    return performance.now() - started;
  }

  test.each(HEADERS)('in the header %s', async (header) => {
    await quick((text) => ({ method: 'POST', url: '/explain', headers: { [header]: text }, payload: BODY }));
    await quick((text) => ({
      method: 'POST',
      url: '/v2/models/table/infer',
      headers: { [header]: text },
      payload: '{}',
    }));
    await quick((text) => ({ url: '/jobs/x/events', headers: { [header]: text } }));
  });

  test.each(['model', 'version', 'method', 'target', 'layer', 'options', 'render', 'include'])(
    'in the field %s',
    async (field) => {
      await quick((text) => ({ method: 'POST', url: '/explain', payload: { ...BODY, [field]: text } }));
      await quick((text) => ({
        method: 'POST',
        url: '/explain',
        payload: { ...BODY, model: 'digits', input: { image: text } },
      }));
    },
  );

  test('in a path or a query', async () => {
    await quick((text) => ({ url: `/models/${encodeURIComponent(text).slice(0, 600)}` }));
    await quick((text) => ({ url: `/jobs?limit=${encodeURIComponent(text).slice(0, 7000)}` }));
    await quick((text) => ({
      url: `/models/digits/explanation.onnx?method=lrp&epsilon=${encodeURIComponent(text).slice(0, 7000)}`,
    }));
    await quick((text) => ({
      method: 'POST',
      url: '/v1/models/table:predict',
      payload: { instances: [text], [text]: text },
    }));
  });
});

describe('a path out of its folder', () => {
  test.each([
    '../package.json',
    '%2e%2e',
    '/etc/passwd',
    '..%2F..%2Fpackage.json',
    '%2e%2e%2f%2e%2e%2fetc%2fpasswd',
    'x\0',
    '....//',
  ])('%j is no model, no layer, no job and no result', async (name) => {
    const path = encodeURIComponent(name);
    for (const place of [
      '/models/N',
      '/models/digits/layers/N/filters',
      '/jobs/N',
      '/jobs/N/result',
      '/jobs/N/events',
      '/v1/models/N',
      '/v2/models/N',
      '/docs/N',
      '/docs/static/N',
    ]) {
      const answer = await send({ url: place.replace('N', path) });
      expect([place, answer.statusCode, [200, 400, 403, 404].includes(answer.statusCode)]).toEqual([
        place,
        answer.statusCode,
        true,
      ]);
      expect(answer.body).not.toMatch(/root:|"dependencies"/);
      if (answer.statusCode === 200)
        expect([place, answer.headers['content-type']]).toEqual(['/models/digits/layers/N/filters', 'image/png']);
    }
  });
});

describe('no address that a client names is asked (SSRF)', () => {
  test('in any field, header or form', async () => {
    const asked: string[] = [];
    const canary = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.end();
    });
    await new Promise<void>((resolve) => canary.listen(0, '127.0.0.1', resolve));
    const target = `http://127.0.0.1:${(canary.address() as AddressInfo).port}/canary`;
    const fields = [
      'model',
      'version',
      'method',
      'target',
      'layer',
      'options',
      'input',
      'render',
      'include',
      'callback',
      'url',
    ];
    const headers = ['host', 'origin', 'referer', 'x-forwarded-host', 'forwarded', 'location', 'prefer', 'x-callback'];
    for (const field of fields) {
      await send({ method: 'POST', url: '/explain', payload: { ...BODY, [field]: target } });
      await send({
        method: 'POST',
        url: '/prototype',
        payload: { model: 'digits', target: 1, steps: 1, [field]: target },
      });
    }
    for (const image of [target, { url: target }, { b64: target }]) {
      await send({ method: 'POST', url: '/explain', payload: { model: 'digits', input: { image } } });
      await send({
        method: 'POST',
        url: '/v1/models/digits:predict',
        payload: { instances: [image, { data: image }] },
      });
    }
    await send({
      method: 'POST',
      url: '/predictions/digits',
      headers: { 'content-type': 'text/plain' },
      payload: target,
    });
    const svg = `<svg xmlns="http://www.w3.org/2000/svg"><image href="${target}"/></svg>`;
    await send({
      method: 'POST',
      url: '/predictions/digits',
      headers: { 'content-type': 'image/svg+xml' },
      payload: svg,
    });
    for (const header of headers) await send({ url: '/models', headers: { [header]: target } });
    expect((await fetch(target)).status).toBe(200);
    await new Promise((resolve) => canary.close(resolve));
    expect(asked).toEqual(['/canary']);
  });
});
