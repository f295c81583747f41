import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import request from 'supertest';
import { decodeNpy } from '../../models/tensors/npy.ts';
import { METHOD_NAMES, type MethodName } from '../../schemas/methods.ts';
import { seededRandom } from '../engine/random.ts';
import { type RunningService, startService } from './runningService.ts';

jest.setTimeout(120_000);

const MODELS = ['mnist-mlp', 'mnist-cnn'];
const SAMPLES = join(import.meta.dirname, '../../models/zoo/samples');
const sample = (digit: number) => readFile(join(SAMPLES, `${digit}.png`));

/** Methods that give relevance at the input only. */
const INPUT_ONLY: readonly MethodName[] = ['integrated-gradients', 'smoothgrad', 'occlusion'];

/** An occlusion of every pixel: 785 runs of the network for each input. */
const COSTLY = { method: 'occlusion', options: { window: 1, stride: 1 }, model: 'mnist-cnn' };

/** Inputs that nobody has to recognise. */
function batchOf(items: number) {
  return { tensor: { shape: [items, 1, 28, 28], data: Array.from({ length: items * 784 }, (_, i) => (i % 32) / 32) } };
}

async function explainDigit(service: RunningService, digit: number, fields: object, accept = 'application/json') {
  return request(service.url)
    .post('/explain')
    .set('accept', accept)
    .field('request', JSON.stringify(fields))
    .attach('image', await sample(digit), 'digit.png')
    .responseType('blob');
}

async function answerOf(service: RunningService, digit: number, fields: object) {
  const { status, body } = await explainDigit(service, digit, { ...fields, include: ['relevance'] });
  const answer = JSON.parse(body.toString());
  return { status, answer, values: status === 200 ? floats(answer.relevance.data) : [] };
}

function floats(base64: string): number[] {
  const bytes = Buffer.from(base64, 'base64');
  return Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(4 * i));
}

describe('every method over HTTP', () => {
  let service: RunningService;
  let layers: Record<string, { name: string; type: string; output_shape: number[] }[]> = {};

  beforeAll(async () => {
    service = await startService({ MAX_BATCH: '1' });
    const described = MODELS.map(async (model) => {
      const { body } = await request(service.url).get(`/models/${model}`);
      return [model, body.layers] as const;
    });
    layers = Object.fromEntries(await Promise.all(described));
  });
  afterAll(() => service?.stop());

  /** The last layer of a type. */
  function layerOf(model: string, type: string) {
    const layer = layers[model]?.findLast((one) => one.type === type);
    if (layer === undefined) throw new Error(`${model} has no ${type}`);
    return { name: layer.name, shape: layer.output_shape };
  }

  const everywhere = MODELS.flatMap((model) => METHOD_NAMES.map((method) => [model, method] as const));

  test.each(everywhere)('%s: %s with its defaults', async (model, method) => {
    const { status, answer, values } = await answerOf(service, 3, { model, method });
    expect(status).toBe(200);
    expect(answer).toMatchObject({ method, prediction: { index: 3 }, target: { index: 3, unit: null } });
    expect(values).toHaveLength(784);
    expect(values.every(Number.isFinite)).toBe(true);
    expect(values.some((value) => value !== 0)).toBe(true);
  });

  test.each(METHOD_NAMES)('%s of a contrast and of hidden units', async (method) => {
    const contrast = await answerOf(service, 3, { model: 'mnist-cnn', method, target: { weights: { 3: 1, 5: -1 } } });
    expect(contrast.status).toBe(200);
    const { top } = contrast.answer.prediction;
    const scoreOf = (label: string) => top.find((one: { label: string }) => one.label === label).score;
    expect(contrast.answer.target.score).toBeCloseTo(scoreOf('3') - scoreOf('5'), 2);
    const [model, convolution] = ['mnist-cnn', layerOf('mnist-cnn', 'conv2d')];
    const unit = layerOf('mnist-mlp', 'activation');
    const asked = [
      { model, target: { layer: convolution.name, channel: 2 } },
      { model, target: { layer: convolution.name, channel: 2, position: [1, 2] } },
      { model: 'mnist-mlp', target: { layer: unit.name, channel: 1 } },
    ];
    for (const fields of asked) {
      const { status, answer, values } = await answerOf(service, 3, { ...fields, method });
      expect(status).toBe(200);
      expect(answer.target).toMatchObject({ index: null, label: null, unit: { position: null, ...fields.target } });
      expect(answer.prediction.index).toBe(3);
      expect(values.every(Number.isFinite)).toBe(true);
    }
  });

  test.each(METHOD_NAMES)('%s at a layer', async (method) => {
    const { name, shape } = layerOf('mnist-cnn', 'conv2d');
    const { status, answer, values } = await answerOf(service, 3, { model: 'mnist-cnn', method, layer: name });
    if (INPUT_ONLY.includes(method)) {
      expect(status).toBe(422);
      expect(answer).toMatchObject({ code: 'not-applicable', errors: [{ pointer: '/layer' }] });
      expect(answer.detail).toContain(name);
      return;
    }
    expect(status).toBe(200);
    expect(answer.relevance.shape).toEqual(shape);
    expect(values).toHaveLength(shape.reduce((size, side) => size * side, 1));
    expect(values.every(Number.isFinite)).toBe(true);
    const { conservation } = answer;
    if (method !== 'lrp' && method !== 'deep-taylor') return;
    const { start, input_sum: sum, absorbed } = conservation;
    const accounted = sum + absorbed.bias + absorbed.stabiliser + absorbed.dead + absorbed.dropped;
    expect(Math.abs(start - accounted)).toBeLessThan(1e-4 * Math.max(Math.abs(start), Math.abs(sum)));
  });

  test('relevance that is no picture can be had as numbers, and drawn as a strip', async () => {
    const { name, shape } = layerOf('mnist-mlp', 'activation');
    const fields = { model: 'mnist-mlp', method: 'lrp', layer: name };
    const npy = await explainDigit(service, 3, fields, 'application/x-npy');
    expect(decodeNpy(npy.body).shape).toEqual(shape);
    const png = await explainDigit(service, 3, fields, 'image/png');
    expect(png.status).toBe(200);
    expect(png.headers['content-type']).toBe('image/png');
  });

  test('unknown layers and units are refused with what there is', async () => {
    const names = (layers['mnist-cnn'] ?? []).map((layer) => layer.name);
    const { name, shape } = layerOf('mnist-cnn', 'conv2d');
    const [channels = 0, height = 0] = shape;
    const refusals: readonly (readonly [object, string, readonly string[]])[] = [
      [{ layer: 'conv99' }, '/layer', ['conv99', ...names]],
      [{ target: { layer: 'conv99', channel: 0 } }, '/target/layer', ['conv99', ...names]],
      [{ target: { layer: name, channel: channels } }, '/target/channel', [name, `0 to ${channels - 1}`]],
      [{ target: { layer: name, channel: 0, position: [height, 0] } }, '/target/position', [name, `${height - 1}`]],
      [{ target: { layer: names[0], channel: 0 }, layer: name }, '/layer', [name]],
    ];
    for (const [fields, pointer, words] of refusals) {
      const { status, answer } = await answerOf(service, 3, { model: 'mnist-cnn', ...fields });
      expect({ status, pointer: answer.errors?.[0]?.pointer }).toEqual({ status: 422, pointer });
      for (const word of words) expect(answer.detail).toContain(word);
    }
  });

  test('200 requests of mixed methods at once get, bit for bit, what they get one by one', async () => {
    const kinds: readonly object[] = [
      { method: 'deep-taylor' },
      { method: 'lrp', options: { composite: 'alpha2-beta1' } },
      { method: 'sensitivity' },
      { method: 'gradient', target: { weights: { 3: 1, 5: -1 } } },
      { method: 'taylor' },
      { method: 'integrated-gradients', options: { steps: 4 } },
      { method: 'smoothgrad', options: { n: 3 } },
      { method: 'guided-backprop' },
      { method: 'deconvnet' },
      { method: 'occlusion', options: { window: 14, stride: 14 } },
    ];
    const cases = kinds.flatMap((kind, i) =>
      MODELS.map((model, j) => ({ digit: (3 * i + j) % 10, fields: { model, ...kind } })),
    );
    const bytesOf = async ({ digit, fields }: (typeof cases)[number]) => {
      const { status, body } = await explainDigit(service, digit, fields, 'application/x-npy');
      expect(status).toBe(200);
      return body.toString('base64');
    };
    const alone: string[] = [];
    for (const one of cases) alone.push(await bytesOf(one));
    expect(new Set(alone).size).toBe(cases.length);
    const random = seededRandom(4);
    const order = Array.from({ length: 200 }, () => Math.floor(random() * cases.length));
    const together = await Promise.all(
      order.map((index) => bytesOf(cases[index] ?? { digit: 0, fields: { model: '' } })),
    );
    expect(together.map((bytes, i) => bytes === alone[order[i] ?? -1])).toEqual(order.map(() => true));
  });
});

describe('costly requests', () => {
  const ask = (service: RunningService, body: object) => request(service.url).post('/explain').send(body);

  /** A service that ends with the test, whatever comes of it. */
  async function withService(environment: Record<string, string>, run: (service: RunningService) => Promise<void>) {
    const service = await startService(environment);
    try {
      await run(service);
    } finally {
      await service.stop();
    }
  }

  test('let others in between', () =>
    withService({ MAX_RUNS: '100000' }, async (service) => {
      await ask(service, { model: 'mnist-cnn', input: batchOf(1) });
      let done = false;
      const long = ask(service, { ...COSTLY, input: batchOf(10) }).then(({ status }) => {
        done = true;
        return status;
      });
      let answered = 0;
      while (!done) {
        const { status } = await ask(service, { model: 'mnist-cnn', input: batchOf(1) });
        expect(status).toBe(200);
        if (!done) answered += 1;
      }
      expect(await long).toBe(200);
      expect(answered).toBeGreaterThanOrEqual(3);
    }));

  test('are refused by MAX_RUNS, with the number of runs', () =>
    withService({ MAX_RUNS: '50' }, async (service) => {
      for (const [fields, count] of [
        [COSTLY, '3925 runs of the network (5 × 785); allowed are 50'],
        [
          { ...COSTLY, method: 'integrated-gradients', options: {} },
          '170 runs of the network (5 × 34); allowed are 50',
        ],
      ] as const) {
        const { status, body } = await ask(service, { ...fields, input: batchOf(5) });
        expect({ status, code: body.code, errors: body.errors }).toEqual({
          status: 422,
          code: 'invalid',
          errors: [{ pointer: '/options', detail: expect.stringContaining(count) }],
        });
      }
      const affordable = { model: 'mnist-cnn', method: 'smoothgrad', options: { n: 9 }, input: batchOf(5) };
      expect((await ask(service, affordable)).status).toBe(200);
    }));

  test('end with their time, and the worker is free again', () =>
    withService({ EXPLAIN_TIMEOUT_MS: '500', MAX_RUNS: '100000', MAX_BATCH: '1' }, async (service) => {
      const cheap = { model: 'mnist-cnn', input: batchOf(1) };
      const answeredWithin = async (attempts: number) => {
        for (let attempt = 0; attempt < attempts; attempt += 1) {
          if ((await ask(service, cheap)).status === 200) return true;
        }
        return false;
      };
      // The first requests may be late themselves: the model is loaded for them.
      expect(await answeredWithin(20)).toBe(true);
      const { status, body, headers } = await ask(service, { ...COSTLY, input: batchOf(30) });
      expect({ status, code: body.code }).toEqual({ status: 503, code: 'deadline' });
      expect(body.detail).toContain('500 ms');
      expect(headers['retry-after']).toBeDefined();
      expect(await answeredWithin(3)).toBe(true);
    }));
});
