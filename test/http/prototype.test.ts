import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { decodeNpy } from '../../models/tensors/npy.ts';
import { ElucidError } from '../../schemas/errors.ts';
import { jobSchema } from '../../schemas/jobs.ts';
import { prototypesSchema } from '../../schemas/prototypes.ts';
import { fakePixel } from './fakePrototypes.ts';
import { type TestApp, testApp } from './testApp.ts';

const BODY = { model: 'digits', target: 0 };
const WAIT = { prefer: 'wait=20' };

let fake: TestApp;

beforeAll(async () => {
  fake = await testApp();
});
beforeEach(() => {
  fake.prototypes.tasks.length = 0;
  fake.prototypes.before = null;
});
afterAll(async () => {
  await fake.app.close();
  await fake.jobs.close();
});

const post = (payload: unknown = BODY, headers: Record<string, string> = {}) =>
  fake.app.inject({
    method: 'POST',
    url: '/prototype',
    headers: { 'content-type': 'application/json', ...headers },
    payload: JSON.stringify(payload),
  });
const get = (url: string, headers: Record<string, string> = {}) => fake.app.inject({ method: 'GET', url, headers });
const waited = (payload: object, accept?: string) => post(payload, { ...WAIT, ...(accept && { accept }) });

describe('the answer', () => {
  test('is 202 with the job and its place; the result is there when it has ended', async () => {
    const answer = await post();
    expect(answer.statusCode).toBe(202);
    const job = jobSchema.parse(answer.json());
    expect(job).toMatchObject({ kind: 'prototype', state: 'queued' });
    expect(answer.headers).toMatchObject({ location: `/jobs/${job.id}`, 'retry-after': expect.anything() });
    await fake.jobs.ended(job.id, null, new AbortController().signal);
    const result = await get(`/jobs/${job.id}/result`);
    expect([result.statusCode, result.json().id]).toEqual([200, job.id]);
    const npy = await get(`/jobs/${job.id}/result`, { accept: 'application/x-npy' });
    expect(decodeNpy(npy.rawPayload).shape).toEqual([1, 1, 28, 28]);
  });

  test('is 200 with the result where the client waits, and says so', async () => {
    const answer = await post(BODY, WAIT);
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['preference-applied']).toBe('wait=20');
    expect(answer.headers['location']).toBe(`/jobs/${answer.json().id}`);
  });

  test('is the job where the wait is too short', async () => {
    let finish = () => {};
    fake.prototypes.before = () =>
      new Promise((resolve) => {
        finish = resolve;
      });
    const answer = await post(BODY, { prefer: 'wait=0' });
    expect([answer.statusCode, answer.json().kind]).toEqual([202, 'prototype']);
    while (fake.prototypes.tasks.length === 0) await new Promise(setImmediate);
    finish();
    expect((await fake.jobs.ended(answer.json().id, null, new AbortController().signal)).state).toBe('succeeded');
  });

  test('is the problem that the search failed with, by its status', async () => {
    fake.prototypes.before = async () => {
      throw new ElucidError('non-finite', 'the objective is not finite');
    };
    const answer = await post(BODY, WAIT);
    expect(answer.statusCode).toBe(422);
    expect(answer.json()).toMatchObject({ code: 'non-finite', detail: 'the objective is not finite' });
  });

  test('to the same Idempotency-Key is the same job; to the key with another body 422', async () => {
    const key = { 'idempotency-key': 'a digit' };
    const first = await post(BODY, key);
    await fake.jobs.ended(first.json().id, null, new AbortController().signal);
    const again = await post(BODY, key);
    expect([again.statusCode, again.json().id]).toEqual([202, first.json().id]);
    expect(again.json().state).toBe('succeeded');
    const picture = await post(BODY, { ...key, ...WAIT, accept: 'image/png' });
    expect(picture.headers).toMatchObject({ location: `/jobs/${first.json().id}`, 'content-type': 'image/png' });
    const other = await post({ ...BODY, seed: 1 }, key);
    expect([other.statusCode, other.json().code]).toEqual([422, 'idempotency-conflict']);
    expect(fake.prototypes.tasks).toHaveLength(1);
  });
});

describe('as JSON', () => {
  test('has what the schema says and nothing else', async () => {
    const include = ['tensor', 'trajectory', 'animation'];
    for (const body of [BODY, { ...BODY, target: 'all', count: 2, include }]) {
      const answer = (await waited(body)).json();
      // Parsing drops what the schema does not know.
      expect(prototypesSchema.parse(answer)).toEqual(answer);
    }
  });

  test('holds the pictures, and what include names', async () => {
    const bare = (await waited(BODY)).json();
    expect(bare).toMatchObject({
      model: { name: 'digits', version: '2' },
      engine: 'fake/cpu',
      variant: 'simple',
      options: { seed: 0, steps: 200 },
      prototypes: [{ target: { index: 0 }, copy: 0, objective: -0.25, terms: { log_probability: -0.25 } }],
      timing_ms: { compute: 12.346 },
    });
    expect(Object.keys(bare)).not.toContain('animation');
    const [prototype] = bare.prototypes;
    expect(Object.keys(prototype)).not.toEqual(expect.arrayContaining(['tensor']));
    expect(Object.keys(prototype)).not.toEqual(expect.arrayContaining(['trajectory']));
    const { data, info } = await sharp(Buffer.from(prototype.image, 'base64'))
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect([info.format, info.width, info.height]).toEqual(['raw', 28, 28]);
    for (const i of [0, 100, 783]) expect(data[3 * i]).toBe(Math.round(255 * fakePixel(0, i)));

    const full = (await waited({ ...BODY, count: 2, include: ['tensor', 'trajectory'] })).json();
    const [, second] = full.prototypes;
    expect(second.trajectory).toEqual([
      { step: 0, objective: -3, probability: 0.1 },
      { step: 200, objective: -0.25, probability: Math.exp(-0.25) },
    ]);
    expect(second.tensor.shape).toEqual([1, 28, 28]);
    const bytes = Buffer.from(second.tensor.data, 'base64');
    for (const i of [0, 100, 783]) expect(bytes.readFloatLE(4 * i)).toBe(Math.fround(fakePixel(1, i)));
  });

  test('holds the animation where include names it', async () => {
    const { animation } = (await waited({ ...BODY, include: ['animation'] })).json();
    const metadata = await sharp(Buffer.from(animation, 'base64'), { animated: true }).metadata();
    expect(metadata).toMatchObject({ format: 'webp', pages: 3, width: 224, pageHeight: 224 });
  });
});

describe('as a picture', () => {
  test.each(['png', 'webp', 'avif', 'jpeg'])('image/%s is one prototype, enlarged', async (format) => {
    const { headers, rawPayload } = await waited(BODY, `image/${format}`);
    expect(headers['content-type']).toBe(`image/${format}`);
    const metadata = await sharp(rawPayload).metadata();
    expect(metadata).toMatchObject({ format: format === 'avif' ? 'heif' : format, width: 224, height: 224 });
    expect(metadata.pages ?? 1).toBe(1);
  });

  test('has the size that is asked for', async () => {
    const { rawPayload } = await waited({ ...BODY, render: { size: 'input' } }, 'image/png');
    const { data, info } = await sharp(rawPayload).raw().toBuffer({ resolveWithObject: true });
    expect([info.width, info.height]).toEqual([28, 28]);
    expect(data[3 * 500]).toBe(Math.round(255 * fakePixel(0, 500)));
  });

  test('several are a sheet', async () => {
    const { rawPayload } = await waited({ ...BODY, target: 'all', render: { size: 28 } }, 'image/png');
    const { data, info } = await sharp(rawPayload).raw().toBuffer({ resolveWithObject: true });
    expect(info.width).toBeGreaterThan(3 * 28);
    expect(info.height).toBeGreaterThan(2 * 28);
    // The first two stand side by side, 8 pixels apart, behind a margin of 8.
    const at = (x: number, y: number) => data[3 * (y * info.width + x)];
    expect([at(8, 8), at(8 + 36, 8)]).toEqual([0, 1].map((n) => Math.round(255 * fakePixel(n, 0))));
  });

  test('as WebP the search moves, if that was asked for; as PNG it does not', async () => {
    const body = { ...BODY, include: ['animation'], render: { size: 'input' } };
    const { rawPayload } = await waited(body, 'image/webp');
    const frames = sharp(rawPayload, { animated: true });
    expect(await frames.metadata()).toMatchObject({ pages: 3, pageHeight: 28 });
    const { data } = await frames.removeAlpha().raw().toBuffer({ resolveWithObject: true });
    expect([0, 1, 2].map((frame) => data[3 * 784 * frame])).toEqual([0, 64, 128]);
    expect((await sharp((await waited(body, 'image/png')).rawPayload).metadata()).pages ?? 1).toBe(1);
  });
});

test('as .npy it is the values of all prototypes', async () => {
  const { headers, rawPayload } = await waited({ ...BODY, target: 'all', count: 2 }, 'application/x-npy');
  expect(headers['content-type']).toBe('application/x-npy');
  const { shape, data } = decodeNpy(rawPayload);
  expect(shape).toEqual([20, 1, 28, 28]);
  expect(data[13 * 784 + 500]).toBe(Math.fround(fakePixel(13, 500)));
});

describe('Accept', () => {
  test.each([
    [undefined, 'application/json; charset=utf-8'],
    ['*/*', 'application/json; charset=utf-8'],
    ['image/*', 'image/avif'],
    ['image/png;q=0.3, image/webp;q=0.9', 'image/webp'],
    ['text/html, application/x-npy;q=0.5', 'application/x-npy'],
  ])('%s gives %s', async (accept, expected) => {
    const { headers } = await waited({ ...BODY, render: { format: 'avif' } }, accept);
    expect(headers['content-type']).toBe(expected);
    expect(headers['vary']).toContain('accept');
  });

  test.each(['text/html', 'multipart/mixed', 'image/gif'])('%s is refused before anything is done', async (accept) => {
    const answer = await post({ model: 'nothing' }, { accept });
    expect(answer.statusCode).toBe(406);
    expect(answer.json().detail).toContain('application/x-npy');
    expect(fake.prototypes.tasks).toHaveLength(0);
  });
});

describe('bad input', () => {
  test.each([
    [{}, '/model', 'model is required'],
    [{ model: 'digits' }, '/target', 'target'],
    [{ ...BODY, model: '../etc' }, '/model', 'model'],
    [{ ...BODY, target: -1 }, '/target', 'target'],
    [{ ...BODY, target: 10 }, '/target', '0 to 9'],
    [{ ...BODY, target: 'eleven' }, '/target', 'eleven'],
    [{ ...BODY, target: { layer: 'conv9', channel: 0 } }, '/target/layer', 'flatten, dense'],
    [{ ...BODY, target: { layer: 'dense', channel: 99 } }, '/target/channel', '99'],
    [{ ...BODY, target: { layer: 'dense' } }, '/target/channel', 'channel'],
    [{ ...BODY, variant: 'realistic' }, '/variant', 'density'],
    [{ ...BODY, objective: 'loss' }, '/objective', 'logit'],
    [{ ...BODY, init: 'random' }, '/init', 'noise'],
    [{ ...BODY, init: { image: 'not base64!' } }, '/init/image', 'base64'],
    [{ ...BODY, init: {} }, '/init', 'exactly one of image, tensor'],
    [{ ...BODY, init: { tensor: { shape: [3], data: [1, 2, 3] } } }, '/init/tensor/shape', '[1, 28, 28]'],
    [{ ...BODY, steps: 0 }, '/steps', '1'],
    [{ ...BODY, steps: 5001 }, '/steps', '5000'],
    [{ ...BODY, steps: 1.5 }, '/steps', 'steps'],
    [{ ...BODY, count: 65 }, '/count', '64'],
    [{ ...BODY, seed: -1 }, '/seed', 'seed'],
    [{ ...BODY, tolerance: 2 }, '/tolerance', '1'],
    [{ ...BODY, densityWeight: 1 }, '/densityWeight', 'density'],
    [{ ...BODY, regularisers: { l3: 1 } }, '/regularisers/l3', 'l2'],
    [{ ...BODY, regularisers: { blur: { sigma: 0 } } }, '/regularisers/blur/sigma', '0'],
    [{ ...BODY, optimiser: { name: 'sgd' } }, '/optimiser/name', 'adam'],
    [{ ...BODY, optimiser: { name: 'l-bfgs' }, regularisers: { jitter: 2 } }, '/optimiser/name', 'jitter'],
    [{ ...BODY, include: ['relevance'] }, '/include/0', 'trajectory'],
    [{ ...BODY, target: 'all', count: 64, steps: 5000, include: ['trajectory'] }, '/include', '3200000'],
    [{ ...BODY, count: 53, steps: 5000, include: ['trajectory'] }, '/include', 'allowed are 262144'],
    [{ ...BODY, render: { colour: 'red' } }, '/render/colour', 'colour'],
    [{ ...BODY, step: 3 }, '/step', 'did you mean "steps"?'],
  ])('%j: %s', async (body, pointer, word) => {
    const answer = await post(body);
    const problem = answer.json();
    const pointers = problem.errors.map((fault: { pointer: string }) => fault.pointer);
    expect({ status: answer.statusCode, pointers }).toEqual({
      status: 422,
      pointers: expect.arrayContaining([pointer]),
    });
    expect(problem.detail).toContain(word);
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(fake.prototypes.tasks).toHaveLength(0);
  });

  test('every fault is named at once', async () => {
    const { errors } = (await post({ model: 'digits', target: -1, steps: 0, seed: 'x' })).json();
    expect(errors.map(({ pointer }: { pointer: string }) => pointer).sort()).toEqual(['/seed', '/steps', '/target']);
  });

  test('an unknown model is 404; one that cannot be loaded 500', async () => {
    const unknown = await post({ ...BODY, model: 'nothing' });
    expect([unknown.statusCode, unknown.json().code]).toEqual([404, 'unknown-model']);
    const broken = await post({ ...BODY, model: 'broken' });
    expect([broken.statusCode, broken.json().code]).toEqual([500, 'model-failed']);
  });

  test('no JSON, no body, and other types of bodies', async () => {
    const send = (payload: string, type: string) =>
      fake.app.inject({ method: 'POST', url: '/prototype', headers: { 'content-type': type }, payload });
    expect((await send('{"model"', 'application/json')).statusCode).toBe(400);
    expect((await send('{"model":"digits","__proto__":{}}', 'application/json')).statusCode).toBe(400);
    expect((await send('model=digits', 'application/x-www-form-urlencoded')).statusCode).toBe(415);
    expect((await fake.app.inject({ method: 'POST', url: '/prototype' })).statusCode).toBe(422);
    const bytes = 'A'.repeat(200 * 1024);
    expect((await post({ ...BODY, init: { image: bytes } })).statusCode).toBe(413);
  });

  test('a picture for a model of tensors', async () => {
    const { statusCode, body } = await post({ model: 'table', target: 0, init: { image: 'iVBORw0KGgo=' } });
    expect([statusCode, JSON.parse(body).errors[0].pointer]).toEqual([422, '/init/image']);
  });
});

describe('companions', () => {
  test('that a manifest does not name are a fault of the request', async () => {
    const answer = await post({ model: 'table', target: 0, variant: 'density' });
    expect(answer.statusCode).toBe(422);
    expect(answer.json()).toMatchObject({ code: 'not-applicable', errors: [{ pointer: '/variant' }] });
    expect(answer.json().detail).toContain('companions.density');
  });

  test('that it names and that cannot be used are a fault of the model, as one that cannot be loaded', async () => {
    const missing = await post({ ...BODY, variant: 'generator' });
    expect([missing.statusCode, missing.json().code]).toEqual([500, 'model-failed']);
    expect(missing.json().detail).toContain('companions.generator of digits: no model "nowhere"');
    const broken = await post({ ...BODY, variant: 'density' });
    expect([broken.statusCode, broken.json().code]).toEqual([500, 'model-failed']);
    expect(broken.json().detail).toContain('companions.density of digits: broken: weights.bin is missing');
    expect((await waited(BODY)).statusCode).toBe(200);
  });

  test('are seen where models are described', async () => {
    const { models } = (await get('/models')).json();
    const companions = models.map((model: { name: string; companions: unknown }) => [model.name, model.companions]);
    expect(companions).toEqual(
      expect.arrayContaining([
        ...[
          ['digits', ['density', 'generator']],
          ['table', []],
        ],
      ]),
    );
    const { variants } = (await get('/models/digits')).json();
    expect(variants).toEqual([
      { name: 'simple', applies: true, reason: null },
      { name: 'density', applies: false, reason: expect.stringContaining('weights.bin is missing') },
      { name: 'generator', applies: false, reason: expect.stringContaining('no model "nowhere"') },
      { name: 'dgn-am', applies: false, reason: expect.stringContaining('no model "nowhere"') },
    ]);
    expect((await get('/models/table')).json().variants).toContainEqual({
      ...{ name: 'density', applies: false },
      reason: expect.stringContaining('companions.density in the manifest of table, which has none'),
    });
  });
});

test('the examples of the documentation are accepted, where the model has such a layer', async () => {
  const document = (await get('/openapi.json')).json();
  const { content } = document.paths['/prototype'].post.requestBody;
  const examples = Object.values<{ value: { target: unknown; variant?: string } }>(
    content['application/json'].examples,
  );
  expect(examples.length).toBeGreaterThan(2);
  for (const { value } of examples) {
    const target = typeof value.target === 'object' ? { layer: 'dense', channel: 4 } : value.target;
    const answer = await post({ ...value, model: 'digits', target, variant: 'simple' }, WAIT);
    expect({ status: answer.statusCode, detail: answer.json().detail }).toEqual({ status: 200, detail: undefined });
  }
});
