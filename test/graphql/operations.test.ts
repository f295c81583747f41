import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { METHOD_NAMES } from '../../schemas/methods.ts';
import { type TestApp, testApp } from '../http/testApp.ts';
import { asker, DIGIT, EXPLAIN, REQUEST } from './client.ts';

let fake: TestApp;
let png: Buffer;
const ask = asker(() => fake.app);

beforeAll(async () => {
  fake = await testApp();
  png = await sharp({ create: { width: 28, height: 28, channels: 3, background: 'navy' } })
    .png()
    .toBuffer();
});
beforeEach(() => {
  fake.service.commands.length = 0;
  fake.service.instead = null;
});
afterAll(async () => {
  await fake.app.close();
  await fake.jobs.close();
});

/** The same question over REST. */
async function rest(body: object) {
  const answer = await fake.app.inject({ method: 'POST', url: '/explain', payload: body });
  return answer.json();
}

const command = () => {
  const [first] = fake.service.commands;
  if (first === undefined) throw new Error('nothing was asked of the service');
  return first;
};

describe('models and methods', () => {
  test('are those of REST', async () => {
    const { data } = await ask('{ models { name version title state reason format input { kind shape } metrics } }');
    const { models } = (await fake.app.inject('/models')).json();
    const asEnum = (state: string) => state.toUpperCase();
    expect(data.models).toEqual(
      models.map(
        ({ outputs: _o, companions: _c, ...model }: { state: string; outputs: unknown; companions: unknown }) => ({
          ...model,
          state: asEnum(model.state),
        }),
      ),
    );
  });

  test('one model tells its inside, and is described once however often it is asked', async () => {
    let described = 0;
    const { describe: original } = fake.service;
    fake.service.describe = async (model) => {
      described += 1;
      return original(model);
    };
    const { data } = await ask(
      '{ a: model(name: "digits") { versions layers { name output_shape } manifest } b: model(name: "digits") { methods { name applies } variants { name applies reason } } }',
    );
    fake.service.describe = original;
    expect(data.a).toMatchObject({
      versions: ['2'],
      layers: [{ name: 'dense', output_shape: [10] }],
      manifest: { name: 'digits' },
    });
    expect(data.b.methods).toEqual([{ name: 'SENSITIVITY', applies: true }]);
    expect(data.b.variants).toHaveLength(4);
    expect(described).toBe(1);
  });

  test('a list of models describes none unless it is asked', async () => {
    const { describe: original } = fake.service;
    fake.service.describe = async () => {
      throw new Error('described');
    };
    const { errors } = await ask('{ models { name title } model(name: "digits", version: "2") { name } }');
    fake.service.describe = original;
    expect(errors).toBeUndefined();
  });

  test('a model that cannot be used says why; an unknown one is an error', async () => {
    const { data } = await ask('{ model(name: "broken") { state reason layers { name } versions } }');
    expect(data.model).toEqual({ state: 'FAILED', reason: 'weights.bin is missing', layers: [], versions: ['1'] });
    for (const args of ['name: "nope"', 'name: "digits", version: "9"']) {
      const { errors } = await ask(`{ model(${args}) { name } }`);
      expect(errors?.[0]?.extensions.code).toBe('unknown-model');
    }
  });

  test('methods are all there', async () => {
    const { data } = await ask('{ methods { methods { name title default options } composites } }');
    expect(data.methods.methods.map(({ name }: { name: string }) => name.toLowerCase().replaceAll('_', '-'))).toEqual([
      ...METHOD_NAMES,
    ]);
    expect(data.methods.composites).toContain('epsilon-plus');
  });
});

describe('explain', () => {
  const ALL = `{ id model { name version } engine method options batch_size cached
    prediction { index label score probability top { index } } target { index label weights score }
    conservation { start input_sum error relative_error absorbed { bias } } note layers { name type rule relevance_sum }
    relevance { shape sum min max data } timing_ms { decode queue compute total } } }`;

  test('answers as REST does', async () => {
    const { status, data } = await ask(EXPLAIN + ALL, { request: REQUEST });
    const expected = await rest({ ...REQUEST, include: ['relevance', 'layers'] });
    expect(status).toBe(200);
    const { id, timing_ms, method, prediction, target, model, ...others } = data.explain;
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    expect(method).toBe('DEEP_TAYLOR');
    expect(timing_ms.total).toBeGreaterThan(0);
    expect(others).toEqual({
      ...Object.fromEntries(
        ['engine', 'options', 'batch_size', 'cached', 'conservation', 'note', 'layers', 'relevance'].map((key) => [
          key,
          expected[key],
        ]),
      ),
    });
    expect(expected).toMatchObject({ prediction: { label: prediction.label }, target: { score: target.score }, model });
  });

  test('a batch has items', async () => {
    const tensor = { shape: [2, 1, 28, 28], data: [...DIGIT.data, ...DIGIT.data] };
    const { data } = await ask(
      `${EXPLAIN} { prediction { index } items { prediction { index } relevance { sum } } relevance { shape sum } } }`,
      { request: { ...REQUEST, input: { tensor } } },
    );
    expect(data.explain).toEqual({
      prediction: { index: 0 },
      items: [
        { prediction: { index: 0 }, relevance: { sum: 0.045 } },
        { prediction: { index: 1 }, relevance: { sum: 10.045 } },
      ],
      relevance: { shape: [2, 1, 28, 28], sum: 0.045 },
    });
  });

  test('takes options, targets and a null for what is not given', async () => {
    const { errors } = await ask(`${EXPLAIN} { id } }`, {
      request: {
        ...REQUEST,
        version: null,
        layer: null,
        method: 'LRP',
        options: { composite: 'epsilon' },
        target: { weights: { 0: 1 } },
      },
    });
    expect(errors).toBeUndefined();
    expect(command()).toMatchObject({
      method: 'lrp',
      options: { composite: 'epsilon' },
      target: { weights: { 0: 1 } },
    });
  });

  test('literals are as good as variables', async () => {
    const values = DIGIT.data.join(' ');
    const { data } = await ask(
      `{ explain(request: {model: "digits", method: LRP, options: {composite: "epsilon"}, target: 1, input: {tensor: {shape: [1, 28, 28], data: "${Buffer.alloc(784 * 4).toString('base64')}"}}}) { options } }`,
    );
    expect(values.length).toBeGreaterThan(0);
    expect(data.explain.options).toMatchObject({ composite: 'epsilon' });
    expect(command().target).toBe(1);
  });

  test('images come as base64 or by their id', async () => {
    const upload = await fake.app.inject({
      ...{ method: 'PUT', url: '/images', payload: png },
      headers: { 'content-type': 'image/png' },
    });
    const { imageId } = upload.json();
    for (const input of [{ image: png.toString('base64') }, { imageId }]) {
      fake.service.commands.length = 0;
      const { errors } = await ask(`${EXPLAIN} { id } }`, { request: { model: 'digits', input } });
      expect(errors).toBeUndefined();
      const given = command().input;
      expect(given.kind === 'image' && png.equals(given.bytes)).toBe(true);
    }
  });

  test('what is wrong has the code and the faults of REST', async () => {
    const bad = { model: 'digits', target: -1, input: { image: 'data:image/png;base64,xx' } };
    const { status, data, errors } = await ask(`${EXPLAIN} { id } }`, { request: bad });
    const problem = await rest(bad);
    expect([status, data]).toEqual([200, null]);
    expect(errors).toMatchObject([
      { message: problem.detail, path: ['explain'], extensions: { code: 'invalid', errors: problem.errors } },
    ]);
    expect(problem.errors).toHaveLength(2);
  });

  test.each([
    ['unknown-model', { ...REQUEST, model: 'nope' }],
    ['unknown-image', { model: 'digits', input: { imageId: 'A'.repeat(32) } }],
    ['invalid', { ...REQUEST, options: { nope: 1 } }],
    ['invalid', { model: 'table', input: { image: '' } }],
  ])('%s', async (code, request) => {
    const { errors } = await ask(`${EXPLAIN} { id } }`, { request });
    expect(errors?.[0]?.extensions.code).toBe(code);
  });

  test('a client that goes away aborts it', async () => {
    const gone = new Promise<void>((resolve) => {
      fake.service.instead = (_command, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            resolve();
            reject(signal.reason);
          });
        });
    });
    const url = await fake.app.listen({ host: '127.0.0.1', port: 0 });
    const controller = new AbortController();
    const body = JSON.stringify({ query: `${EXPLAIN} { id } }`, variables: { request: REQUEST } });
    const asked = fetch(`${url}/graphql`, {
      ...{ method: 'POST', headers: { 'content-type': 'application/json' }, body },
      signal: controller.signal,
    });
    while (fake.service.commands.length === 0) await new Promise((resolve) => setImmediate(resolve));
    controller.abort();
    await expect(asked).rejects.toThrow();
    await gone;
  });
});

describe('pictures', () => {
  const picture = (args: string) => `${EXPLAIN} { picture${args} { url media_type bytes expires } } }`;

  test('are data URLs', async () => {
    const { data } = await ask(picture('(render: {format: WEBP, size: 56, colormap: RED_BLUE})'), { request: REQUEST });
    const { url, media_type, bytes, expires } = data.explain.picture;
    const file = Buffer.from(url.replace('data:image/webp;base64,', ''), 'base64');
    expect([media_type, bytes, expires]).toEqual(['image/webp', file.length, null]);
    expect(await sharp(file).metadata()).toMatchObject({ format: 'webp', width: 56 });
  });

  test('or links that need nothing else, and cannot be changed', async () => {
    const { data } = await ask(picture('(as: LINK)'), { request: REQUEST });
    const { url, media_type, bytes, expires } = data.explain.picture;
    const answer = await fake.app.inject(url);
    expect([answer.statusCode, answer.headers['content-type'], answer.rawPayload.length]).toEqual([
      200,
      media_type,
      bytes,
    ]);
    expect(await sharp(answer.rawPayload).metadata()).toMatchObject({ format: 'png', width: 224 });
    expect(answer.headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; sandbox",
    });
    expect(answer.headers['cache-control']).toMatch(/^private, max-age=(59\d|600)$/);
    expect(Date.parse(expires) - Date.now()).toBeGreaterThan(590_000);
    const changed = [
      url.slice(0, -1),
      `${url}A`,
      url.replace(/.$/, (last: string) => (last === 'A' ? 'B' : 'A')),
      '/pictures/x',
    ];
    for (const path of changed) {
      const refused = await fake.app.inject(path);
      expect([path === url, refused.statusCode, refused.json().code]).toEqual([false, 404, 'unknown-picture']);
    }
  });

  test('nothing is drawn unless it is asked; what the network saw is kept only for that', async () => {
    const request = { model: 'digits', input: { image: png.toString('base64') } };
    await ask(`${EXPLAIN} { id } }`, { request });
    await ask(
      `${EXPLAIN} { ...F } } fragment F on Explanation { ... on Explanation { p: picture(render: {mode: OVERLAY}) { bytes } } }`,
      { request },
    );
    expect(fake.service.commands.map((asked) => asked.picture)).toEqual([false, true]);
  });

  test('one that cannot be drawn leaves the rest', async () => {
    const { data, errors } = await ask(`${EXPLAIN} { id picture(render: {size: 5}) { url } } }`, { request: REQUEST });
    expect(data).toBeNull();
    expect(errors?.[0]).toMatchObject({
      path: ['explain', 'picture'],
      extensions: { code: 'invalid', errors: [{ pointer: '/render/size' }] },
    });
  });
});

describe('jobs', () => {
  const CREATE =
    'mutation ($request: PrototypeInput!, $key: String) { createPrototype(request: $request, idempotencyKey: $key) { id kind state } }';

  async function ended(id: string): Promise<string> {
    const { data } = await ask('query ($id: ID!) { job(id: $id) { state } }', { id });
    return /QUEUED|RUNNING/.test(data.job.state) ? ended(id) : data.job.state;
  }

  test('a prototype is searched, and its result is a field', async () => {
    const request = {
      model: 'digits',
      target: 'all',
      steps: 3,
      objective: 'LOGIT',
      include: ['TRAJECTORY', 'ANIMATION'],
      optimiser: { name: 'adam' },
    };
    const { data: created } = await ask(CREATE, { request });
    const { id, kind } = created.createPrototype;
    expect([kind, await ended(id)]).toEqual(['PROTOTYPE', 'SUCCEEDED']);
    expect(fake.prototypes.tasks.at(-1)?.options).toMatchObject({
      objective: 'logit',
      include: ['trajectory', 'animation'],
    });
    const { data, errors } = await ask(
      `query ($id: ID!) { job(id: $id) { state error { code } result { __typename ... on Prototypes {
        id variant options timing_ms { compute } prototypes { target { index label } copy objective image trajectory { step } tensor { shape data } }
        picture(render: {size: 28}) { url } animation } } } }`,
      { id },
    );
    expect(errors).toBeUndefined();
    const { result } = data.job;
    expect([result.__typename, result.id, result.variant, result.prototypes.length]).toEqual([
      'Prototypes',
      id,
      'SIMPLE',
      10,
    ]);
    const [first] = result.prototypes;
    expect(first).toMatchObject({
      target: { index: 0, label: 'straße 0' },
      objective: -0.25,
      tensor: { shape: [1, 28, 28] },
    });
    expect(first.trajectory).toHaveLength(2);
    const over = (await fake.app.inject(`/jobs/${id}/result`)).json();
    expect(first.image).toBe(`data:image/png;base64,${over.prototypes[0].image}`);
    expect(result.animation).toBe(`data:image/webp;base64,${over.animation}`);
  });

  test('an explanation can be a job, whose result is an explanation', async () => {
    const { data: created } = await ask(
      'mutation ($request: ExplainInput!) { createExplanationJob(request: $request, render: {mode: OVERLAY}) { id kind } }',
      { request: { model: 'digits', input: { image: png.toString('base64') } } },
    );
    const { id } = created.createExplanationJob;
    expect(await ended(id)).toBe('SUCCEEDED');
    const { data } = await ask(
      'query ($id: ID!) { job(id: $id) { result { ... on Explanation { id prediction { label } relevance { data } picture(render: {mode: OVERLAY, size: 28}) { bytes } } } } }',
      { id },
    );
    const expected = (await fake.app.inject({ url: `/jobs/${id}/result` })).json();
    expect(data.job.result).toMatchObject({ id, prediction: { label: expected.prediction.label } });
    expect(data.job.result.relevance.data).toHaveLength(4184);
  });

  test('an idempotency key gives the same job, and is refused for another request', async () => {
    const request = { model: 'digits', target: 0 };
    const first = await ask(CREATE, { request, key: 'graphql-1' });
    const again = await ask(CREATE, { request, key: 'graphql-1' });
    const other = await ask(CREATE, { request: { ...request, target: 1 }, key: 'graphql-1' });
    const bad = await ask(CREATE, { request, key: '\u0007' });
    expect(again.data.createPrototype.id).toBe(first.data.createPrototype.id);
    expect(other.errors?.[0]?.extensions.code).toBe('idempotency-conflict');
    expect(bad.errors?.[0]?.extensions.code).toBe('invalid');
  });

  test('what cannot be searched is told at once', async () => {
    for (const [code, request] of [
      ['unknown-model', { model: 'nope', target: 0 }],
      ['invalid', { model: 'digits', target: 99 }],
      ['invalid', { model: 'digits', target: 0, steps: 0 }],
      ['unknown-image', { model: 'digits', target: 0, init: { imageId: 'x' } }],
    ] as const) {
      const { errors } = await ask(CREATE, { request });
      expect(errors?.[0]?.extensions.code).toBe(code);
    }
  });

  test('a job is cancelled once', async () => {
    fake.prototypes.before = (_task, { signal }) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    const { data } = await ask(CREATE, { request: { model: 'digits', target: 0, seed: 77 } });
    const { id } = data.createPrototype;
    const cancel = () => ask('mutation ($id: ID!) { cancelJob(id: $id) { id state } }', { id });
    expect((await cancel()).data.cancelJob).toEqual({ id, state: 'CANCELLED' });
    expect((await cancel()).errors?.[0]?.extensions.code).toBe('already-ended');
    const { data: after } = await ask('query ($id: ID!) { job(id: $id) { result { __typename } } }', { id });
    expect(after.job.result).toBeNull();
    fake.prototypes.before = null;
  });

  test('lists go on page by page', async () => {
    const LIST =
      'query ($cursor: String) { jobs(limit: 2, cursor: $cursor) { jobs { id state result { __typename } } next } }';
    const { data: first } = await ask(LIST);
    const { data: second } = await ask(LIST, { cursor: first.jobs.next });
    const ids = [...first.jobs.jobs, ...second.jobs.jobs].map(({ id }: { id: string }) => id);
    const all = (await fake.app.inject('/jobs?limit=4')).json();
    expect(ids).toEqual(all.jobs.map(({ id }: { id: string }) => id));
    const { data: cancelled } = await ask('{ jobs(state: CANCELLED) { jobs { state } } }');
    expect(cancelled.jobs.jobs.length).toBeGreaterThan(0);
    const { errors } = await ask('{ jobs(limit: 0) { next } }');
    expect(errors?.[0]?.extensions.code).toBe('invalid');
  });

  test('an unknown job is an error', async () => {
    for (const query of ['{ job(id: "x") { id } }', 'mutation { cancelJob(id: "x") { id } }']) {
      expect((await ask(query)).errors?.[0]?.extensions.code).toBe('unknown-job');
    }
  });
});
