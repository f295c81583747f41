import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type TestApp, testApp } from './testApp.ts';

const ROW = [1, 2, 3, 4];
const PIXELS = Array.from({ length: 784 }, (_, i) => i / 784);

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

const get = (url: string) => fake.app.inject(`/v2${url}`);
const infer = (name: string, body: unknown, headers: Record<string, string> = {}) =>
  fake.app.inject({
    method: 'POST',
    url: `/v2/models/${name}/infer`,
    headers,
    payload: typeof body === 'string' ? body : JSON.stringify(body),
  });
const rows = (count: number) => ({
  name: 'input',
  shape: [count, 4],
  datatype: 'FP32',
  data: Array.from({ length: count }, () => ROW).flat(),
});
const table = (change: object = {}) => infer('table', { inputs: [rows(1)], ...change });
const input = (change: object) => infer('table', { inputs: [{ ...rows(1), ...change }] });

async function refused(answer: ReturnType<typeof infer>, status: number, ...words: string[]): Promise<void> {
  const response = await answer;
  const body = response.json();
  expect({ status: response.statusCode, error: body.error }).toEqual({ status, error: body.detail });
  for (const word of words) expect(body.detail).toContain(word);
}

describe('the server and its models', () => {
  test('the server tells its name, version and extensions', async () => {
    expect((await get('')).json()).toEqual({
      name: 'elucid',
      version: '1.2.3',
      extensions: ['binary_tensor_data', 'model_repository'],
    });
  });

  test('it is live, and ready while workers answer', async () => {
    expect((await get('/health/live')).json()).toEqual({ live: true });
    expect((await get('/health/ready')).json()).toEqual({ live: true, ready: true });
    fake.service.aliveError = new Error('no worker');
    const answer = await get('/health/ready');
    fake.service.aliveError = null;
    expect([answer.statusCode, answer.json().error]).toEqual([503, answer.json().detail]);
  });

  test('the metadata of a model name its tensors; -1 is the batch', async () => {
    const tensor = (name: string, shape: number[]) => ({ name, datatype: 'FP32', shape });
    expect((await get('/models/digits')).json()).toEqual({
      name: 'digits',
      versions: ['2'],
      platform: 'tensorflow_tfjs',
      inputs: [tensor('input', [-1, 1, 28, 28])],
      outputs: [tensor('prediction', [-1, 10]), tensor('scores', [-1, 10])],
    });
    expect((await get('/models/digits--gradient-times-input/versions/2')).json()).toEqual({
      name: 'digits--gradient-times-input',
      versions: ['2'],
      platform: 'elucid_explanation',
      inputs: [tensor('input', [-1, 1, 28, 28])],
      outputs: [tensor('relevance', [-1, 1, 28, 28]), tensor('prediction', [-1, 10])],
    });
  });

  test.each([
    ['/models/digits/ready', 200],
    ['/models/digits/versions/2/ready', 200],
    ['/models/digits--lrp/ready', 200],
    ['/models/digits/versions/3', 404],
    ['/models/digits/versions/3/ready', 404],
    ['/models/nothing', 404],
    ['/models/digits--lpr', 404],
    ['/models/broken', 500],
    [`/models/${'x'.repeat(100)}`, 404],
    [`/models/${'x'.repeat(101)}`, 422],
    ['/nothing', 404],
  ])('%s is answered %i', async (url, status) => {
    const answer = await get(url);
    expect(answer.statusCode).toBe(status);
    if (status >= 400) expect(answer.json().error).toBe(answer.json().detail);
  });
});

describe('a prediction', () => {
  test('gives all outputs, in JSON, with the id of the request', async () => {
    const answer = await infer('table', { id: '42', inputs: [rows(2)] });
    expect(answer.headers['content-type']).toBe('application/json');
    expect(answer.headers).not.toHaveProperty('inference-header-content-length');
    expect(answer.json()).toEqual({
      model_name: 'table',
      model_version: '1',
      id: '42',
      outputs: [
        { name: 'prediction', datatype: 'FP32', shape: [2, 2], data: [0.9, 0.1, 0.9, 0.1].map(Math.fround) },
        { name: 'scores', datatype: 'FP32', shape: [2, 2], data: [5.5, 0, 6.5, 0] },
      ],
    });
    expect(fake.service.predictions[0]?.input).toMatchObject({
      kind: 'tensor',
      tensor: { shape: [2, 4], data: Float32Array.from([...ROW, ...ROW]) },
    });
  });

  test('without an id there is none in the answer', async () => {
    expect((await table()).json()).not.toHaveProperty('id');
  });

  test('a version may be named', async () => {
    const url = (version: string) => `/v2/models/table/versions/${version}/infer`;
    const payload = { inputs: [rows(1)] };
    expect((await fake.app.inject({ method: 'POST', url: url('1'), payload })).json().model_version).toBe('1');
    await refused(fake.app.inject({ method: 'POST', url: url('7'), payload }), 404, 'no model');
  });

  test('data may be nested as the shape says', async () => {
    const answer = await input({ shape: [2, 4], data: [ROW, [5, 6, 7, 8]] });
    expect(answer.statusCode).toBe(200);
    const given = fake.service.predictions[0]?.input;
    expect(given?.kind === 'tensor' && Array.from(given.tensor.data)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test('only the outputs that are asked for come, in that order', async () => {
    const answer = await table({ outputs: [{ name: 'scores' }] });
    expect(answer.json().outputs.map(({ name }: { name: string }) => name)).toEqual(['scores']);
  });

  test.each(['application/json', 'application/octet-stream', 'application/x-www-form-urlencoded', 'text/plain'])(
    'the type of the body may be %s',
    async (type) => {
      expect((await infer('table', { inputs: [rows(1)] }, { 'content-type': type })).statusCode).toBe(200);
    },
  );
});

describe('an explanation', () => {
  const digits = { name: 'input', shape: [2, 1, 28, 28], datatype: 'FP32', data: [...PIXELS, ...PIXELS] };

  test('is a model {model}--{method} with the outputs relevance and prediction', async () => {
    const answer = await infer('digits--lrp', { inputs: [digits] });
    const { model_name: name, outputs } = answer.json();
    expect(name).toBe('digits--lrp');
    expect(outputs.map(({ name: output, shape }: { name: string; shape: number[] }) => [output, shape])).toEqual([
      ['relevance', [2, 1, 28, 28]],
      ['prediction', [2, 2]],
    ]);
    expect(outputs[0].data[9]).toBeCloseTo(0.009);
    expect(outputs[0].data[793]).toBeCloseTo(1.009);
    expect(fake.service.commands).toHaveLength(1);
    expect(fake.service.commands[0]).toMatchObject({ method: 'lrp', target: 'predicted', picture: false });
  });

  test('its parameters are target, layer and options of the method', async () => {
    const parameters = { binary_data_output: false, target: 1, composite: 'epsilon', layer: 'dense', priority: 1 };
    expect((await infer('digits--lrp', { inputs: [digits], parameters })).statusCode).toBe(200);
    expect(fake.service.commands[0]).toMatchObject({ target: 1, layer: 'dense', options: { composite: 'epsilon' } });
  });

  test('explain_parameters ask for it by the name of the model', async () => {
    const explain_parameters = { method: 'integrated-gradients', steps: 4, target: '1' };
    const answer = await infer('digits', { inputs: [digits], parameters: { explain_parameters } });
    expect(answer.json()).toMatchObject({
      model_name: 'digits',
      outputs: [{ name: 'relevance' }, { name: 'prediction' }],
    });
    expect(fake.service.commands[0]).toMatchObject({
      method: 'integrated-gradients',
      target: '1',
      options: { steps: 4 },
    });
  });

  test('explain_parameters may be empty, and stand with {model}--{method} too', async () => {
    await infer('digits', { inputs: [digits], parameters: { explain_parameters: {} } });
    await infer('digits--lrp', { inputs: [digits], parameters: { explain_parameters: { composite: 'epsilon' } } });
    expect(fake.service.commands.map(({ method }) => method)).toEqual(['deep-taylor', 'lrp']);
    expect(fake.service.commands[1]?.options).toMatchObject({ composite: 'epsilon' });
  });

  test.each([
    ['digits--lrp', { epsilon: 1 }, '"epsilon"'],
    ['digits--lrp', { explain_parameters: { method: 'gradient' } }, 'says lrp'],
    ['digits--lrp', { explain_parameters: {}, target: 1 }, 'target beside explain_parameters'],
    ['digits', { explain_parameters: { composite: 'epsilon' } }, '"composite"'],
    ['digits', { target: 1 }, '"target"'],
    ['digits', { explain_parameters: 1 }, 'explain_parameters must be an object'],
  ])('%s refuses the parameters %j', async (name, parameters, word) => {
    await refused(infer(name, { inputs: [digits], parameters }), 422, word);
    expect(fake.service.commands).toHaveLength(0);
  });
});

describe('what is refused', () => {
  test('no input', () => refused(infer('table', { inputs: [] }), 422, 'exactly one, named input'));
  test('two inputs', () => refused(infer('table', { inputs: [rows(1), rows(1)] }), 422, 'exactly one'));
  test('another name of the input', () =>
    refused(input({ name: 'input0' }), 422, 'inputs[0].name must be "input"', '"input0"'));
  test('a datatype that is none', () => refused(input({ datatype: 'FP8' }), 422, 'inputs[0].datatype', 'FP32'));
  test('texts', () => refused(input({ datatype: 'BYTES' }), 422, 'BYTES'));
  test.each([
    ['without the batch', [4]],
    ['of another width', [1, 5]],
    ['of another rank', [1, 1, 4]],
  ])('a shape %s', (_name, shape) =>
    refused(input({ shape }), 422, 'inputs[0].shape must be [N, 4]', `[${shape.join(', ')}]`),
  );
  test('an empty batch', () => refused(input({ shape: [0, 4] }), 422, 'inputs[0].shape[0]'));
  test('more rows than runs are allowed', () => refused(input({ shape: [9, 4] }), 422, '9 runs', 'allowed are 8'));
  test('a shape of trillions', () => refused(input({ shape: [2 ** 31, 4] }), 422, 'runs'));
  test('too few values', () => refused(input({ data: [1, 2, 3] }), 422, 'inputs[0].data must be a list of 4', '3'));
  test('wrongly nested values', () =>
    refused(
      input({
        data: [
          [1, 2],
          [3, 4],
        ],
      }),
      422,
      'inputs[0].data must be a list of 1',
    ));
  test('a value that its datatype cannot hold', () =>
    refused(input({ datatype: 'UINT8', data: [1, 2, 300, 4] }), 422, 'inputs[0].data[2]', 'less than 256', '300'));
  test('no data', () => refused(input({ data: undefined }), 422, 'exactly one of data, binary_data_size'));
  test('an unknown output', () =>
    refused(table({ outputs: [{ name: 'relevance' }] }), 422, 'prediction, scores', '"relevance"'));
  test('an output twice', () => refused(table({ outputs: [{ name: 'scores' }, { name: 'scores' }] }), 422, 'twice'));
  test('another parameter of an output', () =>
    refused(table({ outputs: [{ name: 'scores', parameters: { classification: 3 } }] }), 422, '"classification"'));
  test('shared memory', () =>
    refused(input({ parameters: { shared_memory_region: 'mine' } }), 422, '"shared_memory_region"'));
  test('an id that is no text', () => refused(table({ id: 42 }), 422, 'id must be a string'));
  test('an unknown key', () => refused(table({ output: [] }), 422, '"output"'));
  test('no JSON', () => refused(infer('table', '{"inputs":'), 400, 'not valid JSON'));
  test('__proto__', () => refused(infer('table', '{"__proto__":{}}'), 400));
  test('no body', () => refused(infer('table', ''), 400));
  test('too large a body', () => refused(infer('table', ' '.repeat(200_000)), 413));
  test('an unknown method of the path', async () => {
    const answer = await fake.app.inject('/v2/models/table/infer');
    expect([answer.statusCode, answer.json().error]).toEqual([405, answer.json().detail]);
  });
});

test('headers of a request never come back', async () => {
  const headers = { 'x-secret': 'tell-nobody', 'triton-request-id': 'tell-nobody', authorization: 'tell-nobody' };
  for (const { headers: own, body } of [
    await infer('table', { inputs: [rows(1)] }, headers),
    await infer('table', '{', headers),
  ]) {
    expect(JSON.stringify(own) + body).not.toContain('tell-nobody');
  }
});
