import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type TestApp, testApp } from './testApp.ts';

const PIXELS = Array.from({ length: 28 }, (_, y) => Array.from({ length: 28 }, (_, x) => (y * 28 + x) / 784));
const DIGIT = [PIXELS];
const FLAT = Float32Array.from(PIXELS.flat());
const IMAGE = Buffer.from('a picture').toString('base64');

let fake: TestApp;

beforeAll(async () => {
  fake = await testApp();
});
beforeEach(() => {
  fake.service.commands.length = 0;
  fake.service.predictions.length = 0;
});
afterAll(async () => {
  await fake.app.close();
});

const post = (url: string, payload: unknown, headers: Record<string, string> = {}) =>
  fake.app.inject({
    method: 'POST',
    url: `/v1/models/${url}`,
    headers: { 'content-type': 'application/json', ...headers },
    payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
  });
const predict = (payload: unknown) => post('digits:predict', payload);
const explain = (payload: unknown) => post('digits:explain', payload);

/** Errors tell the same twice: for our clients, and as the protocol has it. */
async function refused(answer: ReturnType<typeof post>, status: number, ...words: string[]): Promise<void> {
  const response = await answer;
  const body = response.json();
  expect({ status: response.statusCode, detail: body.detail }).toEqual({ status, detail: expect.any(String) });
  for (const word of words) expect(body.detail).toContain(word);
  expect(body.error).toBe(body.detail);
}

describe('the models', () => {
  test('are listed by name, without those that cannot be used', async () => {
    expect((await fake.app.inject('/v1/models')).json()).toEqual({ models: ['digits', 'signal', 'table'] });
  });

  test('are ready', async () => {
    expect((await fake.app.inject('/v1/models/digits')).json()).toEqual({ name: 'digits', ready: true });
  });

  test.each([
    ['nothing', 404],
    ['broken', 500],
  ])('%s is answered %i with an error', async (name, status) => {
    const answer = await fake.app.inject(`/v1/models/${name}`);
    expect([answer.statusCode, answer.json().error]).toEqual([status, answer.json().detail]);
  });

  test('one that failed to load is not ready: 503, which clients of the protocol read as no', async () => {
    const { stateOf } = fake.service;
    fake.service.stateOf = () => ({ state: 'failed', reason: 'weights.bin is cut off' });
    const answer = await fake.app.inject('/v1/models/digits');
    fake.service.stateOf = stateOf;
    expect([answer.statusCode, answer.json().error]).toEqual([503, 'the model digits failed: weights.bin is cut off']);
  });
});

describe(':predict', () => {
  test('gives one list of values for each instance', async () => {
    const answer = await predict({ instances: [DIGIT, DIGIT, DIGIT] });
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toEqual({
      predictions: [
        [0.9, 0.1],
        [0.9, 0.1],
        [0.9, 0.1],
      ],
    });
    const [command] = fake.service.predictions;
    expect(command?.input).toMatchObject({ kind: 'tensor', tensor: { shape: [3, 1, 28, 28] } });
    expect(fake.service.commands).toHaveLength(0);
  });

  test('the colon may be encoded', async () => {
    expect((await post('digits%3Apredict', { instances: [DIGIT] })).statusCode).toBe(200);
  });

  test('inputs is another name for instances', async () => {
    expect((await predict({ inputs: [DIGIT] })).statusCode).toBe(200);
  });

  test.each([
    ['nested lists', DIGIT],
    ['{data} of nested lists', { data: DIGIT }],
    ['{data} with a target, which a prediction does not need', { data: DIGIT, target: 0 }],
  ])('%s are the values of the input, row by row', async (_name, instance) => {
    expect((await predict({ instances: [instance] })).statusCode).toBe(200);
    const input = fake.service.predictions[0]?.input;
    expect(input?.kind === 'tensor' && Array.from(input.tensor.data)).toEqual(Array.from(FLAT));
  });

  test.each([
    ['{b64}', { b64: IMAGE }],
    ['{data} of base64', { data: IMAGE }],
    ['{data} of {b64}', { data: { b64: IMAGE } }],
    ['base64 alone', IMAGE],
  ])('%s is an image, which the service decodes', async (_name, instance) => {
    const decoded: Buffer[] = [];
    const { decode } = fake.service;
    fake.service.decode = async (model, bytes, signal) => {
      decoded.push(Buffer.from(bytes));
      return decode(model, bytes, signal);
    };
    expect((await predict({ instances: [instance, DIGIT] })).statusCode).toBe(200);
    fake.service.decode = decode;
    expect(decoded.map(String)).toEqual(['a picture']);
    const input = fake.service.predictions[0]?.input;
    expect(input?.kind === 'tensor' && Array.from(input.tensor.data.subarray(784))).toEqual(Array.from(FLAT));
  });

  test('vectors are instances of a model that takes tensors', async () => {
    expect((await post('table:predict', { instances: [[1, 2, 3, 4]] })).statusCode).toBe(200);
  });
});

describe('what is refused', () => {
  test('no instances', () => refused(predict({}), 422, 'needs exactly one of instances, inputs'));
  test('an empty list', () => refused(predict({ instances: [] }), 422, 'instances must be at least 1'));
  test('a list of the wrong length', () =>
    refused(predict({ instances: [DIGIT, [PIXELS.slice(1)]] }), 422, 'instances[1][0] must be a list of 28', '27'));
  test('a number in place of a list', () => refused(predict({ instances: [7] }), 422, 'instances[0]', 'a list of 1'));
  test('a text in place of a number', () =>
    refused(post('table:predict', { instances: [[1, 2, 'x', 4]] }), 422, 'instances[0][2] must be a finite', '"x"'));
  test('a number that float32 cannot hold', () =>
    refused(post('table:predict', '{"instances":[[1,2,3,1e39]]}'), 422, 'instances[0][3]', 'received 1e+39'));
  test('another object', () =>
    refused(
      predict({ instances: [{ url: 'http://example.org' }] }),
      422,
      'instances[0] must be',
      'received an object with url',
    ));
  test('no base64', () => refused(predict({ instances: [{ b64: '%' }] }), 422, 'base64', '"%"'));
  test('an image for a model that takes tensors', () =>
    refused(post('table:predict', { instances: [{ b64: IMAGE }] }), 422, 'table takes lists of numbers'));
  test('more instances than runs are allowed', () =>
    refused(predict({ instances: Array(9).fill({ b64: IMAGE }) }), 422, '9 runs', 'allowed are 8'));
  test('an unknown key of a prediction', () =>
    refused(predict({ instances: [DIGIT], method: 'lrp' }), 422, '"method"'));
  test('no JSON', () => refused(predict('{'), 400));
  test('__proto__', () => refused(predict('{"instances":[1],"__proto__":{}}'), 400));
  test('another type of body', () => refused(post('digits:predict', '{}', { 'content-type': 'text/csv' }), 415));
  test('an unknown model', () => refused(post('nothing:predict', { instances: [DIGIT] }), 404, 'nothing'));
  test('an unknown version', () => refused(predict({ instances: [DIGIT], version: '9' }), 404));
  test('an unknown verb', () => refused(post('digits:translate', { instances: [DIGIT] }), 405));
  test('lists nested 50,000 deep', () =>
    refused(predict(`{"instances":${'['.repeat(5e4)}${']'.repeat(5e4)}}`), 400, 'nested more deeply than 64'));
  test('another method of the path', async () => {
    expect((await fake.app.inject('/v1/models/digits:predict')).statusCode).toBe(405);
  });
});

test('small images that become large tensors are bounded by the size of an upload', async () => {
  const small = await testApp({ MAX_UPLOAD_BYTES: 3 * 784 * 4, MAX_RUNS: 100 });
  const send = (count: number) =>
    small.app.inject({
      method: 'POST',
      url: '/v1/models/digits:predict',
      payload: { instances: Array(count).fill(IMAGE) },
    });
  expect((await send(3)).statusCode).toBe(200);
  const answer = await send(4);
  expect([answer.statusCode, answer.json().error]).toEqual([413, expect.stringContaining('12544 bytes as float32')]);
  await small.app.close();
});

describe(':explain', () => {
  test('gives predictions and explanations from one run', async () => {
    const answer = await explain({ instances: [DIGIT, DIGIT] });
    expect(answer.statusCode).toBe(200);
    const { predictions, explanations } = answer.json();
    expect(predictions).toEqual([
      [0.9, 0.1],
      [0.9, 0.1],
    ]);
    expect(explanations).toHaveLength(2);
    expect(explanations[1]).toMatchObject({
      method: 'deep-taylor',
      prediction: { index: 1 },
      target: { index: 1, score: 6.5 },
      conservation: { start: 5.5 },
    });
    const { relevance } = explanations[1];
    expect([relevance.length, relevance[0].length, relevance[0][0].length]).toEqual([1, 28, 28]);
    expect(relevance[0][0][9]).toBeCloseTo(1.009);
    expect(relevance[0][0][10]).toBe(0);
    expect([fake.service.commands.length, fake.service.predictions.length]).toEqual([1, 0]);
  });

  test('further keys are method, target and options, beside or in options', async () => {
    await explain({ instances: [DIGIT], method: 'lrp', target: '1', composite: 'epsilon' });
    await explain({ instances: [DIGIT], method: 'lrp', options: { composite: 'epsilon' }, start: 'one' });
    expect(fake.service.commands[0]).toMatchObject({
      method: 'lrp',
      options: { composite: 'epsilon', start: 'score' },
      target: '1',
      picture: false,
    });
    expect(fake.service.commands[1]).toMatchObject({ options: { composite: 'epsilon', start: 'one' } });
  });

  test('an instance may have a target of its own; those with the same one run together', async () => {
    const instances = [{ data: DIGIT, target: 1 }, DIGIT, { data: IMAGE, target: 1 }];
    const answer = await explain({ instances, target: 0 });
    const asked = fake.service.commands.map(({ target, input }) => ({
      target,
      rows: input.kind === 'tensor' ? input.tensor.shape[0] : 0,
    }));
    expect(asked).toEqual([
      { target: 1, rows: 2 },
      { target: 0, rows: 1 },
    ]);
    const starts = answer.json().explanations.map(({ target }: { target: { index: number } }) => target.index);
    // The fake numbers the rows of each run.
    expect(starts).toEqual([0, 0, 1]);
  });

  test('an unknown option is refused', () => refused(explain({ instances: [DIGIT], epsilon: 1 }), 422, '"epsilon"'));
  test('an option may not be given twice', () =>
    refused(
      explain({ instances: [DIGIT], method: 'lrp', composite: 'epsilon', options: { composite: 'epsilon' } }),
      422,
      'composite',
    ));
  test('an unknown method is refused', () => refused(explain({ instances: [DIGIT], method: 'lpr' }), 422, '"lpr"'));
});

test('headers of a request never come back', async () => {
  const headers = { 'x-secret': 'tell-nobody', authorization: 'Bearer tell-nobody' };
  const answers = await Promise.all([
    post('digits:predict', { instances: [DIGIT] }, headers),
    post('digits:predict', '{', headers),
  ]);
  for (const { headers: own, body } of answers) expect(JSON.stringify(own) + body).not.toContain('tell-nobody');
});

describe('a predictor', () => {
  const asked: { url: string; headers: IncomingMessage['headers']; body: string }[] = [];
  let answer = { status: 200, type: 'application/json', body: '{"predictions":[7]}', location: '' };
  const server = createServer(async (request, response) => {
    asked.push({ url: request.url ?? '', headers: request.headers, body: await text(request) });
    response.writeHead(answer.status, { 'content-type': answer.type, 'x-own': 'kept', location: answer.location });
    response.end(answer.body);
  });
  let app: TestApp['app'];
  let service: TestApp['service'];

  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    ({ app, service } = await testApp({}, { model: 'digits', origin, timeoutMs: 2000 }));
  });
  beforeEach(() => {
    asked.length = 0;
  });
  afterAll(async () => {
    await app.close();
    server.closeAllConnections();
    server.close();
  });

  const send = (name: string, verb = 'predict') =>
    app.inject({
      method: 'POST',
      url: `/v1/models/${name}:${verb}`,
      headers: { authorization: 'Bearer mine', cookie: 'a=b', host: 'evil.example' },
      payload: {
        instances: [name === 'table' ? [1, 2, 3, 4] : DIGIT],
        ...(verb === 'explain' ? {} : { further: true }),
      },
    });

  test('predicts for its model: the body goes there and back as it is, headers do not', async () => {
    const got = await send('digits');
    expect([got.statusCode, got.json()]).toEqual([200, { predictions: [7] }]);
    expect(got.headers).not.toHaveProperty('x-own');
    expect(asked).toHaveLength(1);
    expect(asked[0]?.url).toBe('/v1/models/digits:predict');
    expect(JSON.parse(asked[0]?.body ?? '')).toEqual({ instances: [DIGIT], further: true });
    expect(asked[0]?.headers).not.toHaveProperty('authorization');
    expect(asked[0]?.headers).not.toHaveProperty('cookie');
    expect(asked[0]?.headers.host).toMatch(/^127\.0\.0\.1:/);
  });

  test('is not asked for other models, nor for explanations', async () => {
    expect((await send('digits', 'explain')).statusCode).toBe(200);
    expect((await send('table')).statusCode).toBe(422);
    expect(asked).toEqual([]);
    expect(service.commands).toHaveLength(1);
  });

  test('its refusals are handed on', async () => {
    answer = { ...answer, status: 400, body: '{"error":"no such thing"}' };
    const got = await send('digits');
    expect([got.statusCode, got.json()]).toEqual([400, { error: 'no such thing' }]);
  });

  test.each([
    ['no JSON', { status: 200, type: 'text/html', body: '<html>', location: '' }, 'did not answer with JSON'],
    [
      'a redirect',
      { status: 302, type: 'text/html', body: '{}', location: 'http://127.0.0.1:1/' },
      'cannot be reached',
    ],
  ])('%s is answered 502', async (_name, given, detail) => {
    answer = given;
    const got = await send('digits');
    expect([got.statusCode, got.json().error]).toEqual([502, `the predictor of digits ${detail}`]);
    expect(asked).toHaveLength(1);
  });
});
