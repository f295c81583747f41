import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import sharp from 'sharp';
import request from 'supertest';
import { decodeNpy } from '../../models/tensors/npy.ts';
import { type RunningService, startService } from './runningService.ts';

jest.setTimeout(60_000);

const SAMPLES = join(import.meta.dirname, '../../models/zoo/samples');
const MODELS = ['mnist-mlp', 'mnist-cnn'];

let service: RunningService;

beforeAll(async () => {
  service = await startService();
});

afterAll(async () => {
  await service?.stop();
});

const sample = (digit: number) => readFile(join(SAMPLES, `${digit}.png`));
const post = () => request(service.url).post('/explain');

describe('a digit', () => {
  test.each(MODELS)('%s recognises and explains all ten', async (model) => {
    for (let digit = 0; digit < 10; digit++) {
      const { status, body } = await post()
        .field('model', model)
        .attach('image', await sample(digit), 'digit.png');
      expect(status).toBe(200);
      expect(body).toMatchObject({
        model: { name: model },
        method: 'deep-taylor',
        prediction: { index: digit, label: String(digit) },
        target: { index: digit },
        relevance: { shape: [1, 28, 28] },
      });
      expect(body.prediction.top).toHaveLength(5);
      expect(body.relevance.min).toBeGreaterThanOrEqual(0);
      const { start, input_sum: sum, absorbed } = body.conservation;
      const total = sum + absorbed.bias + absorbed.stabiliser + absorbed.dead + absorbed.dropped;
      expect(Math.abs(total - start)).toBeLessThan(1e-4 * Math.max(Math.abs(start), sum));
    }
  });

  test.each([
    ['deep-taylor', {}],
    ['sensitivity', {}],
    ['gradient', {}],
    ['gradient-times-input', {}],
    ['lrp', { composite: 'epsilon' }],
    ['lrp', { composite: 'alpha2-beta1' }],
    ['lrp', { composite: 'alpha1-beta0' }],
  ])('%s with %j', async (method, options) => {
    const { status, body } = await post()
      .field('request', JSON.stringify({ model: 'mnist-cnn', method, options, include: ['relevance', 'layers'] }))
      .attach('image', await sample(7), 'digit.png');
    expect(status).toBe(200);
    const values = Buffer.from(body.relevance.data, 'base64');
    let sum = 0;
    for (let i = 0; i < 784; i++) sum += values.readFloatLE(4 * i);
    expect(body.relevance.sum).toBeCloseTo(sum, 3);
  });

  test('a contrastive target asks why a 3 and not a 5', async () => {
    const explain = async (target: unknown) =>
      (
        await post()
          .field('request', JSON.stringify({ model: 'mnist-cnn', method: 'gradient-times-input', target }))
          .attach('image', await sample(3), 'digit.png')
      ).body;
    const [three, five, both] = await Promise.all([3, '5', { weights: { 3: 1, '5': -1 } }].map(explain));
    expect(both.target.score).toBeCloseTo(three.target.score - five.target.score, 3);
    expect(both.relevance.sum).toBeCloseTo(three.relevance.sum - five.relevance.sum, 3);
    expect(both.target).toMatchObject({ index: null, weights: { 3: 1, 5: -1 } });
  });
});

describe('representations', () => {
  test.each(['png', 'webp', 'avif', 'jpeg'])('image/%s', async (format) => {
    const { status, headers, body } = await post()
      .set('accept', `image/${format}`)
      .field('model', 'mnist-cnn')
      .field('render', '{"mode":"side-by-side","colorbar":true}')
      .attach('image', await sample(2), 'digit.png');
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      'content-type': `image/${format}`,
      'x-prediction': '2',
      'x-prediction-label': '2',
    });
    expect(Number(headers['x-score'])).toBeGreaterThan(0);
    expect(Math.abs(Number(headers['x-conservation-error']))).toBeLessThan(0.01);
    const { width = 0 } = await sharp(body).metadata();
    expect(width).toBeGreaterThan(448);
  });

  test('application/x-npy holds what the JSON holds', async () => {
    const send = async (accept: string) =>
      post()
        .set('accept', accept)
        .field('model', 'mnist-mlp')
        .field('include', 'relevance')
        .attach('image', await sample(4), 'digit.png')
        .responseType('blob');
    const [npy, json] = await Promise.all([send('application/x-npy'), send('application/json')]);
    const { shape, data } = decodeNpy(npy.body);
    expect(shape).toEqual([1, 28, 28]);
    const included = Buffer.from(JSON.parse(json.body.toString()).relevance.data, 'base64');
    for (const i of [0, 300, 391, 783]) expect(data[i]).toBeCloseTo(included.readFloatLE(4 * i), 5);
  });

  test('multipart/mixed', async () => {
    const form = new FormData();
    form.append('model', 'mnist-cnn');
    form.append('image', new Blob([new Uint8Array(await sample(5))]), 'digit.png');
    const answer = await fetch(`${service.url}/explain`, {
      method: 'POST',
      body: form,
      headers: { accept: 'multipart/mixed' },
    });
    const text = Buffer.from(await answer.arrayBuffer()).toString('latin1');
    expect(answer.headers.get('content-type')).toMatch(/^multipart\/mixed; boundary=/);
    expect(text).toContain('"prediction":{"index":5');
    expect(text).toContain('Content-Type: image/png\r\n\r\n\x89PNG');
  });
});

describe('models', () => {
  test('the shipped ones are listed and described', async () => {
    const { body } = await request(service.url).get('/models');
    expect(body.models.map(({ name }: { name: string }) => name)).toEqual(expect.arrayContaining(MODELS));
    const detail = await request(service.url).get('/models/mnist-cnn');
    expect(detail.body).toMatchObject({ name: 'mnist-cnn', state: 'ready', manifest: { format: 'tfjs' } });
    expect(detail.body.layers.length).toBeGreaterThan(5);
    expect(detail.body.methods).toContainEqual({ name: 'deep-taylor', applies: true, reason: null });
  });

  test('the compiled explanation is an ONNX model', async () => {
    const { status, headers, body } = await request(service.url)
      .get('/models/mnist-mlp/explanation.onnx?method=lrp&composite=epsilon')
      .responseType('blob');
    expect(status).toBe(200);
    expect(headers['content-disposition']).toBe('attachment; filename="mnist-mlp-1-lrp.onnx"');
    expect(body.length).toBeGreaterThan(100_000);
  });

  test('the service is live and ready', async () => {
    expect((await request(service.url).get('/health/live')).body).toEqual({ status: 'live' });
    expect((await request(service.url).get('/health/ready')).body).toEqual({ status: 'ready' });
  });
});

test('requests that run together get the answers that they get alone', async () => {
  const cases = Array.from({ length: 40 }, (_, i) => ({
    digit: i % 10,
    model: MODELS[i % 2] ?? '',
    method: ['deep-taylor', 'sensitivity', 'lrp'][i % 3] ?? '',
  }));
  const explain = async ({ digit, model, method }: (typeof cases)[number]) => {
    const answer = await post()
      .set('accept', 'application/x-npy')
      .field('model', model)
      .field('method', method)
      .attach('image', await sample(digit), 'digit.png')
      .responseType('blob');
    expect(answer.status).toBe(200);
    return decodeNpy(answer.body).data;
  };
  const alone: Float32Array[] = [];
  for (const one of cases) alone.push(await explain(one));
  const together = await Promise.all(cases.map(explain));
  for (const [i, expected] of alone.entries()) {
    const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const off = expected.reduce(
      (most, value, at) => Math.max(most, Math.abs(value - (together[i]?.[at] ?? Number.NaN))),
      0,
    );
    expect(off / largest).toBeLessThanOrEqual(1e-5);
  }
});
