import { connect } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import sharp from 'sharp';
import request, { type Response } from 'supertest';
import { decodeNpy } from '../../models/tensors/npy.ts';
import { fakeExplanation } from './fakeService.ts';
import { type TestApp, testApp } from './testApp.ts';

const DIGIT = { shape: [1, 28, 28], data: Array.from({ length: 784 }, (_, i) => (i % 2) / 2) };
const BODY = { model: 'digits', input: { tensor: DIGIT } };
const FILE = Buffer.from('not decoded here');

let fake: TestApp;
let url: string;

beforeAll(async () => {
  fake = await testApp();
  url = await fake.app.listen({ host: '127.0.0.1', port: 0 });
});

beforeEach(() => {
  fake.service.commands.length = 0;
  fake.service.instead = null;
});

afterAll(async () => {
  await fake.app.close();
});

const post = () => request(url).post('/explain');

test('a bad Idempotency-Key is refused, also where no job is asked for', async () => {
  const { status, body } = await post().set('idempotency-key', 'k'.repeat(256)).send(BODY);
  expect([status, body.detail]).toEqual([422, expect.stringContaining('Idempotency-Key must be 1 to 255')]);
});

describe('JSON requests', () => {
  test('a tensor becomes a command with every default', async () => {
    const { status, body } = await post().send(BODY);
    expect(status).toBe(200);
    expect(fake.service.commands[0]).toMatchObject({
      model: { manifest: { name: 'digits', version: '2' } },
      method: 'deep-taylor',
      options: { start: 'score', stabiliser: 1e-6 },
      target: 'predicted',
      picture: false,
      input: { kind: 'tensor', tensor: { shape: [1, 1, 28, 28], data: Float32Array.from(DIGIT.data) } },
    });
    expect(body).toMatchObject({
      model: { name: 'digits', version: '2' },
      engine: 'fake/cpu',
      method: 'deep-taylor',
      prediction: { index: 0, label: 'straße 0', top: [{ index: 0 }] },
      target: { index: 0, score: 5.5, weights: null },
      relevance: { shape: [1, 28, 28], sum: 0.045 },
      conservation: { start: 5.5, error: -5.455 },
      batch_size: 1,
      cached: true,
    });
    expect(Object.keys(body.timing_ms)).toEqual(['decode', 'queue', 'compute', 'render', 'total']);
    expect(body).not.toHaveProperty('layers');
    expect(body).not.toHaveProperty('image');
    expect(body.relevance).not.toHaveProperty('data');
  });

  test('include adds the values, the layers and the picture', async () => {
    const { body } = await post().send({ ...BODY, include: ['relevance', 'layers', 'image'] });
    const values = Buffer.from(body.relevance.data, 'base64');
    expect(values.length).toBe(4 * 784);
    expect(values.readFloatLE(4)).toBeCloseTo(0.001);
    expect(body.layers).toEqual([{ name: 'dense', type: 'dense', rule: 'epsilon', relevance_sum: 5.5 }]);
    const { format, width } = await sharp(Buffer.from(body.image, 'base64')).metadata();
    expect({ format, width }).toEqual({ format: 'png', width: 224 });
  });

  test('base64 values are little-endian float32', async () => {
    const data = Buffer.from(Float32Array.from(DIGIT.data).buffer).toString('base64');
    await post().send({ model: 'digits', input: { tensor: { shape: [1, 28, 28], data } } });
    expect(fake.service.commands[0]?.input).toMatchObject({ tensor: { data: Float32Array.from(DIGIT.data) } });
  });

  test('a base64 image is handed on as bytes', async () => {
    await post().send({ model: 'digits', input: { image: FILE.toString('base64') }, render: { mode: 'overlay' } });
    const input = fake.service.commands[0]?.input;
    expect(input?.kind === 'image' && Buffer.from(input.bytes).equals(FILE)).toBe(true);
    expect(fake.service.commands[0]?.picture).toBe(false);
  });

  test('a batch of several gives lists', async () => {
    const data = [...DIGIT.data, ...DIGIT.data];
    const { body } = await post().send({
      model: 'digits',
      input: { tensor: { shape: [2, 1, 28, 28], data } },
      include: ['layers'],
    });
    expect(body.relevance).toEqual({ shape: [2, 1, 28, 28], sum: [0.045, 10.045], min: [0, 0], max: [0.009, 1.009] });
    expect(body.prediction.map(({ index }: { index: number }) => index)).toEqual([0, 1]);
    expect([body.target, body.conservation, body.layers].map((list) => list.length)).toEqual([2, 2, 2]);
  });

  test('a weighted target and a composite reach the service', async () => {
    const composite = [{ match: { first: true }, rule: { name: 'z-box', low: 0, high: 1 } }];
    await post().send({ ...BODY, method: 'lrp', options: { composite }, target: { weights: { 3: 1, 5: -1 } } });
    expect(fake.service.commands[0]).toMatchObject({
      method: 'lrp',
      options: { composite: [{ match: { first: true }, rule: { name: 'z-box', stabiliser: 1e-6 } }], start: 'score' },
      target: { weights: { 3: 1, 5: -1 } },
    });
  });
});

describe('forms', () => {
  test('one file, and the rest in one field', async () => {
    const rest = { model: 'digits', method: 'lrp', target: 3, render: { colormap: 'heat' } };
    const { status } = await post().field('request', JSON.stringify(rest)).attach('image', FILE, 'digit.png');
    expect(status).toBe(200);
    expect(fake.service.commands[0]).toMatchObject({
      model: { manifest: { name: 'digits' } },
      method: 'lrp',
      target: 3,
    });
  });

  test('one file, and the rest one by one', async () => {
    const { status, body } = await post()
      .field('model', 'digits')
      .field('version', '2')
      .field('method', 'lrp')
      .field('options', '{"composite":"epsilon"}')
      .field('target', '3')
      .field('include', 'relevance, layers')
      .field('include', 'image')
      .attach('image', FILE, 'digit.png');
    expect(status).toBe(200);
    expect(fake.service.commands[0]).toMatchObject({ method: 'lrp', options: { composite: 'epsilon' }, target: '3' });
    expect(body).toMatchObject({ layers: expect.anything(), image: expect.any(String) });
    const input = fake.service.commands[0]?.input;
    expect(input?.kind === 'image' && Buffer.from(input.bytes).equals(FILE)).toBe(true);
  });

  test('browsers send a JSON part as a file', async () => {
    const form = new FormData();
    form.append('request', new Blob(['{"model":"digits"}'], { type: 'application/json' }));
    form.append('image', new Blob([FILE]), 'digit.png');
    const answer = await fetch(`${url}/explain`, { method: 'POST', body: form });
    expect(answer.status).toBe(200);
    expect(fake.service.commands[0]?.model.manifest.name).toBe('digits');
  });

  test('a picture is asked for only where one is drawn beside the map', async () => {
    const send = (accept: string, mode: string) =>
      post()
        .set('accept', accept)
        .field('model', 'digits')
        .field('render', JSON.stringify({ mode }))
        .attach('image', FILE, 'digit.png');
    await send('image/png', 'overlay');
    await send('image/png', 'map');
    await send('application/json', 'overlay');
    expect(fake.service.commands.map(({ picture }) => picture)).toEqual([true, false, false]);
  });
});

describe('representations', () => {
  test.each(['png', 'webp', 'avif', 'jpeg'])('image/%s is a picture with the scores in headers', async (format) => {
    const { status, headers, body } = await post().set('accept', `image/${format}`).send(BODY).buffer();
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      'content-type': `image/${format}`,
      'x-prediction': '0',
      'x-prediction-label': 'stra%C3%9Fe%200',
      'x-target': '0',
      'x-score': '5.5',
      'x-relevance-sum': '0.045',
      'x-conservation-error': '-5.455',
    });
    const metadata = await sharp(body).metadata();
    expect(metadata.format).toBe(format === 'avif' ? 'heif' : format);
  });

  test('image/* is the format of the request', async () => {
    const { headers } = await post()
      .set('accept', 'image/*')
      .send({ ...BODY, render: { format: 'webp' } });
    expect(headers['content-type']).toBe('image/webp');
  });

  test.each([
    [undefined, 'application/json; charset=utf-8'],
    ['*/*', 'application/json; charset=utf-8'],
    ['image/png;q=0.3, image/webp;q=0.9', 'image/webp'],
    ['text/html, application/x-npy;q=0.5', 'application/x-npy'],
    ['text/html, */*;q=0.1', 'application/json; charset=utf-8'],
  ])('Accept: %s gives %s', async (accept, expected) => {
    const headers = accept === undefined ? {} : { accept };
    const answer = await fake.app.inject({ method: 'POST', url: '/explain', headers, payload: BODY });
    expect(answer.headers['content-type']).toBe(expected);
  });

  test('application/x-npy is the raw relevance', async () => {
    const { body, headers } = await post().set('accept', 'application/x-npy').send(BODY).responseType('blob');
    const { shape, data } = decodeNpy(body);
    expect(shape).toEqual([1, 28, 28]);
    expect(data[9]).toBeCloseTo(0.009);
    expect(headers['x-score']).toBe('5.5');
  });

  test('multipart/mixed is the JSON, then the picture', async () => {
    const answer = await fetch(`${url}/explain`, {
      method: 'POST',
      headers: { accept: 'multipart/mixed', 'content-type': 'application/json' },
      body: JSON.stringify(BODY),
    });
    const boundary = /boundary=(.+)$/.exec(answer.headers.get('content-type') ?? '')?.[1] ?? '';
    const text = Buffer.from(await answer.arrayBuffer()).toString('latin1');
    const [before, json = '', picture = '', end] = text.split(`--${boundary}`);
    expect([before, end]).toEqual(['', '--\r\n']);
    expect(JSON.parse(json.split('\r\n\r\n')[1] ?? '')).toMatchObject({ prediction: { index: 0 } });
    expect(picture).toMatch(/^\r\nContent-Type: image\/png\r\n\r\n\x89PNG/);
    const bytes = Buffer.from(picture.slice(picture.indexOf('\x89PNG'), -2), 'latin1');
    await expect(sharp(bytes).raw().toBuffer()).resolves.toHaveLength(224 * 224 * 3);
  });

  test('a batch has lists in its headers and gives one sheet', async () => {
    const tensor = { shape: [2, 1, 28, 28], data: [...DIGIT.data, ...DIGIT.data] };
    const { headers, body } = await post().set('accept', 'image/png').send({ model: 'digits', input: { tensor } });
    expect(headers['x-prediction']).toBe('0, 1');
    expect(headers['x-score']).toBe('5.5, 6.5');
    expect((await sharp(body).metadata()).width).toBeGreaterThan(448);
  });
});

describe('the way of a request', () => {
  test('the service is told when the client goes away', async () => {
    const leaving = new AbortController();
    const reason = new Promise<unknown>((resolve) => {
      fake.service.instead = (_command, signal) => {
        leaving.abort();
        return new Promise((_, reject) => {
          signal.addEventListener('abort', () => {
            resolve(signal.reason);
            reject(signal.reason);
          });
        });
      };
    });
    const gone = fetch(`${url}/explain`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(BODY),
      signal: leaving.signal,
    }).catch((error: Error) => error.name);
    expect(await gone).toBe('AbortError');
    expect(await reason).toMatchObject({ code: 'gone' });
  });

  test('closing lets running requests end, and does not wait for connections that ask nothing', async () => {
    const other = await testApp();
    const address = await other.app.listen({ host: '127.0.0.1', port: 0 });
    let late: Response | null = null;
    const silent = connect(Number(new URL(address).port), '127.0.0.1');
    const answered = new Promise<Response>((resolve) => {
      other.service.instead = async (command) => {
        other.app.close();
        await setTimeout(50);
        late = await request(address).post('/explain').send(BODY);
        return fakeExplanation(command);
      };
      resolve(request(address).post('/explain').send(BODY));
    });
    expect((await answered).status).toBe(200);
    expect(late).toMatchObject({ status: 503, body: { code: 'stopping' } });
    await other.app.close();
    silent.destroy();
  });

  test('the signal stays quiet for a client that stays', async () => {
    await post().send(BODY);
    expect(fake.service.signals.at(-1)?.aborted).toBe(false);
  });

  test('the answer, its header and the log have the same request id, whatever the client sends', async () => {
    const { body, headers } = await post().set('x-request-id', 'mine').send(BODY);
    expect(body.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(headers['x-request-id']).toBe(body.id);
    expect(fake.log.some((line) => line.includes(body.id) && line.includes('"answered"'))).toBe(true);
  });
});
