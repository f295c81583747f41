import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import request from 'supertest';
import { type RunningService, startService } from './runningService.ts';

jest.setTimeout(120_000);

const SAMPLES = join(import.meta.dirname, '../../models/zoo/samples');

let predictor: RunningService;
let explainer: RunningService;
let images: readonly string[];

beforeAll(async () => {
  images = await Promise.all(
    [3, 7].map(async (digit) => (await readFile(join(SAMPLES, `${digit}.png`))).toString('base64')),
  );
  predictor = await startService();
  const host = predictor.url.replace('http://', '');
  explainer = await startService(
    {},
    {
      commandLine: ['--model_name', 'mnist-mlp', '--predictor_host', host, '--http_port', '0'],
    },
  );
});

afterAll(async () => {
  await Promise.all([predictor?.stop(), explainer?.stop()]);
});

const post = (url: string, body: object | Buffer, service = predictor) =>
  request(service.url)
    .post(url)
    .set('content-type', Buffer.isBuffer(body) ? 'image/png' : 'application/json')
    .send(body);

/** What POST /explain says of the first image. */
async function explained(method: string, options: object) {
  const body = { model: 'mnist-cnn', method, options, input: { image: images[0] }, include: ['relevance'] };
  const answer = await post('/explain', body);
  const bytes = Buffer.from(answer.body.relevance.data, 'base64');
  return { ...answer.body, values: Array.from({ length: 784 }, (_, i) => bytes.readFloatLE(4 * i)) };
}

/** Batches of other sizes may differ in the last bits of float32. */
function expectClose(actual: readonly number[], expected: readonly number[]): void {
  const scale = Math.max(...expected.map(Math.abs));
  expect(actual).toHaveLength(expected.length);
  expect(Math.max(...actual.map((value, i) => Math.abs(value - (expected[i] ?? Number.NaN))))).toBeLessThan(
    1e-5 * scale,
  );
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const largest = (values: readonly number[]) => values.indexOf(Math.max(...values));

describe('every protocol says what POST /explain says', () => {
  const options = { composite: 'epsilon' };

  test('KServe V1', async () => {
    const expected = await explained('lrp', options);
    const instances = images.map((b64) => ({ b64 }));
    const { body } = await post('/v1/models/mnist-cnn:explain', { instances, method: 'lrp', ...options });
    expect(body.predictions.map(largest)).toEqual([3, 7]);
    expect(sum(body.predictions[0])).toBeCloseTo(1, 6);
    expect(body.explanations[0].target.index).toBe(3);
    expectClose(body.explanations[0].relevance.flat(2), expected.values);
    expect(body.explanations[0].conservation.start).toBeCloseTo(expected.conservation.start, 3);
    const predicted = await post('/v1/models/mnist-cnn:predict', { instances });
    expectClose(predicted.body.predictions[0], body.predictions[0]);
  });

  test('Open Inference Protocol', async () => {
    const expected = await explained('lrp', options);
    // The zoo's digits are scaled to 0..1: a decoded image, as the network sees it.
    const seen = await explained('gradient-times-input', {});
    const gradient = await explained('gradient', {});
    const data = seen.values.map((value: number, i: number) =>
      gradient.values[i] === 0 ? 0 : value / gradient.values[i],
    );
    const inputs = [{ name: 'input', shape: [1, 1, 28, 28], datatype: 'FP32', data }];
    const { body } = await post('/v2/models/mnist-cnn--lrp/infer', { inputs, parameters: options });
    const [relevance, prediction] = body.outputs;
    expect([relevance.name, relevance.shape, prediction.name]).toEqual(['relevance', [1, 1, 28, 28], 'prediction']);
    expect(largest(prediction.data)).toBe(3);
    const scale = Math.max(...expected.values.map(Math.abs));
    const difference = relevance.data.map((value: number, i: number) => Math.abs(value - expected.values[i]));
    expect(Math.max(...difference)).toBeLessThan(1e-3 * scale);
    const scores = (await post('/v2/models/mnist-cnn/infer', { inputs, outputs: [{ name: 'scores' }] })).body
      .outputs[0];
    expect(largest(scores.data)).toBe(3);
    expect(scores.data[3]).toBeCloseTo(expected.target.score, 2);
  });

  test('TorchServe', async () => {
    const expected = await explained('lrp', options);
    const image = Buffer.from(images[0] ?? '', 'base64');
    const { body } = await post('/explanations/mnist-cnn?method=lrp&composite=epsilon', image);
    expectClose(body.flat(3), expected.values);
    const { text } = await post('/predictions/mnist-cnn', image);
    expect(text).toMatch(/^\{"3":0\.9/);
    expect(Object.keys(JSON.parse(text))).toHaveLength(5);
  });
});

test('a prediction and an explanation by occlusion share their compiled forward pass', async () => {
  const instances = [{ b64: images[1] }];
  await post('/v1/models/mnist-mlp:predict', { instances });
  const { body } = await post('/explain', { model: 'mnist-mlp', method: 'occlusion', input: { image: images[1] } });
  expect([body.prediction.index, body.cached]).toEqual([7, true]);
});

test('an unloaded model frees its network and is loaded again', async () => {
  const state = async () =>
    (await post('/v2/repository/index', {})).body.find(({ name }: { name: string }) => name === 'mnist-mlp').state;
  await post('/v2/repository/models/mnist-mlp/load', {});
  expect(await state()).toBe('READY');
  await post('/v2/repository/models/mnist-mlp/unload', {});
  expect(await state()).toBe('UNAVAILABLE');
  expect((await post('/v2/models/mnist-mlp/infer', {})).status).toBe(503);
  await post('/v2/repository/models/mnist-mlp/load', {});
  expect((await post('/v1/models/mnist-mlp:predict', { instances: [{ b64: images[0] }] })).status).toBe(200);
});

test('a drop-in explainer explains, and hands predictions of its model on to the predictor', async () => {
  const body = { instances: [{ b64: images[0] }] };
  const predicted = await post('/v1/models/mnist-mlp:predict', body, explainer);
  const direct = await post('/v1/models/mnist-mlp:predict', body);
  expect([predicted.status, predicted.body]).toEqual([200, direct.body]);
  const explanation = await post('/v1/models/mnist-mlp:explain', body, explainer);
  expect(largest(explanation.body.predictions[0])).toBe(3);
  // The predictor's own refusal, under the number that the request has there.
  const refused = await post('/v1/models/mnist-mlp:predict', { ...body, further: 1 }, explainer);
  expect(refused.body).toMatchObject({ status: 422, error: expect.stringContaining('"further"') });
  expect(refused.body.request_id).not.toBe(refused.headers['x-request-id']);
});

test('a model that is not there stops the start', async () => {
  await expect(startService({}, { commandLine: ['--model_name', 'nothing'] })).rejects.toThrow(
    'ended before it listened',
  );
});
