import { connect } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import request, { type Response, type Test } from 'supertest';
import { ElucidError, ERROR_CODES } from '../../schemas/errors.ts';
import { PROBLEMS } from '../../services/http/problem.ts';
import { type TestApp, testApp } from './testApp.ts';

const VECTOR = { shape: [4], data: [0, 0.5, 1, 2] };
const BODY = { model: 'table', input: { tensor: VECTOR } };
const FILE = Buffer.from('a file');

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

/** Checks the status, the problem document and that nothing was computed; every word must be in the detail. */
async function refused(
  answer: Test,
  status: number,
  code: string,
  words: readonly string[],
  pointer?: string,
): Promise<Response> {
  const response = await answer;
  expect({ status: response.status, ...response.body }).toMatchObject({ status, code });
  expect(response.headers['content-type']).toMatch(/^application\/problem\+json/);
  const { type, title, detail, instance, request_id: id, errors } = response.body;
  expect({ type, title, instance }).toEqual({
    type: `urn:elucid:problem:${code}`,
    title: expect.any(String),
    instance: `urn:uuid:${id}`,
  });
  for (const word of words) expect(detail).toContain(word);
  if (pointer !== undefined) expect(errors[0].pointer).toBe(pointer);
  expect(fake.service.commands).toHaveLength(0);
  return response;
}

describe('forms', () => {
  const form = () => post().field('model', 'digits');

  test('no file', () => refused(form(), 422, 'invalid', ['image is required', '-F image=@'], '/image'));

  test('two files', () =>
    refused(
      form().attach('image', FILE, 'a.png').attach('image', FILE, 'b.png'),
      422,
      'invalid',
      ['more than one file'],
      '/image',
    ));

  test('three files', () =>
    refused(
      form().attach('image', FILE, 'a.png').attach('image', FILE, 'b.png').attach('image', FILE, 'c.png'),
      422,
      'invalid',
      ['more than one file'],
      '/image',
    ));

  test('a file under another name', () =>
    refused(
      form().attach('picture', FILE, 'a.png'),
      422,
      'invalid',
      ['"picture"', 'must be called image'],
      '/picture',
    ));

  test('text in place of the file', () =>
    refused(form().field('image', 'digit.png'), 422, 'invalid', ['must be a file'], '/image'));

  test('a file over the limit', () =>
    refused(form().attach('image', Buffer.alloc(65537), 'a.png'), 413, 'too-large', ['larger than 65536 bytes']));

  test('a body that announces far more than the limit', async () => {
    const { body, headers } = await new Promise<{ body: string; headers: string }>((resolve) => {
      const socket = connect(Number(new URL(url).port), '127.0.0.1', () =>
        socket.write(
          'POST /explain HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 9999999999\r\n\r\n--b\r\n',
        ),
      );
      socket.on('data', (data) => {
        const [head = '', rest = ''] = String(data).split('\r\n\r\n');
        resolve({ body: rest, headers: head });
        socket.destroy();
      });
    });
    expect(headers).toContain('413');
    expect(JSON.parse(body)).toMatchObject({ status: 413, code: 'too-large' });
  });

  test('a field twice', () =>
    refused(
      form().field('model', 'table').attach('image', FILE, 'a.png'),
      422,
      'invalid',
      ['"model" more than once'],
      '/model',
    ));

  test('a request and a field beside it', () =>
    refused(
      form().field('request', '{}').attach('image', FILE, 'a.png'),
      422,
      'invalid',
      ['both request and model', 'either'],
      '/model',
    ));

  test('an unknown field', () =>
    refused(
      form().field('metod', 'lrp').attach('image', FILE, 'a.png'),
      422,
      'invalid',
      ['unknown key "metod"', 'allowed are model', 'did you mean "method"?'],
      '/metod',
    ));

  test('a field of broken JSON', () =>
    refused(form().field('options', '{"a":').attach('image', FILE, 'a.png'), 400, 'bad-body', ['options', 'JSON']));

  test('__proto__ in a JSON field', () =>
    refused(
      post().field('request', '{"model":"digits","__proto__":{"x":1}}').attach('image', FILE, 'a.png'),
      400,
      'bad-body',
      ['request'],
    ));

  test('__proto__ as a field', () =>
    refused(form().field('__proto__', 'x').attach('image', FILE, 'a.png'), 400, 'bad-body', ['prototype']));

  test('a form without a boundary, and one that is cut off', async () => {
    await refused(post().set('content-type', 'multipart/form-data').send('x'), 400, 'bad-body', ['oundary']);
    await refused(
      post()
        .set('content-type', 'multipart/form-data; boundary=b')
        .send('--b\r\nContent-Disposition: form-data; name="model"\r\n\r\ndig'),
      400,
      'bad-body',
      ['form'],
    );
  });

  test('a tensor model takes no image', () =>
    refused(
      post().field('model', 'table').attach('image', FILE, 'a.png'),
      422,
      'invalid',
      ['table takes tensors of shape [4]', 'received an image'],
      '/input',
    ));

  test('a refused form leaves the connection usable', async () => {
    const agent = request.agent(url);
    for (let i = 0; i < 3; i++) {
      const answer = await agent
        .post('/explain')
        .set('connection', 'keep-alive')
        .attach('picture', Buffer.alloc(60000), 'a');
      expect(answer.status).toBe(422);
    }
  });
});

describe('JSON bodies', () => {
  const send = (change: object) => post().send({ ...BODY, ...change });

  test('no body, and an empty one', async () => {
    await refused(post(), 415, 'unsupported-media-type', [
      'no Content-Type',
      'multipart/form-data and application/json',
    ]);
    await refused(post().type('json').send(''), 400, 'bad-body', ['empty']);
  });

  test('a foreign type of body', () =>
    refused(post().type('text/plain').send('hello'), 415, 'unsupported-media-type', [
      '"text/plain"',
      'application/json',
    ]));

  test('broken JSON, NaN among it', async () => {
    await refused(post().type('json').send('{"model":'), 400, 'bad-body', ['JSON']);
    await refused(
      post().type('json').send('{"model":"table","input":{"tensor":{"shape":[1],"data":[NaN]}}}'),
      400,
      'bad-body',
      [],
    );
  });

  test.each(['{"model":"table","__proto__":{"x":1}}', '{"options":{"constructor":{"prototype":{"x":1}}}}'])(
    '%s',
    (body) => refused(post().type('json').send(body), 400, 'bad-body', []),
  );

  test('a body over the limit', () =>
    refused(post().send({ model: 'x'.repeat(200_000) }), 413, 'too-large', ['large']));

  test.each([
    ['unknown key', { colour: 1 }, ['unknown key "colour"', 'allowed are model, version'], '/colour'],
    [
      'unknown method',
      { method: 'lpr' },
      ['method must be one of deep-taylor', 'received "lpr"', 'mean "lrp"'],
      '/method',
    ],
    [
      'unknown option',
      { method: 'lrp', options: { epsilon: 1 } },
      ['options has the unknown key "epsilon"', 'allowed are composite, start'],
      '/options/epsilon',
    ],
    [
      'option of another method',
      { method: 'gradient', options: { start: 'one' } },
      ['"start"', 'none is allowed'],
      '/options/start',
    ],
    [
      'unknown preset',
      { method: 'lrp', options: { composite: 'epsilonplus' } },
      ['mean "epsilon-plus"'],
      '/options/composite',
    ],
    [
      'unknown rule',
      { method: 'lrp', options: { composite: [{ match: { first: true }, rule: { name: 'zbox' } }] } },
      ['mean "z-box"'],
      '/options/composite/0/rule/name',
    ],
    [
      'rule with α − β ≠ 1',
      { method: 'lrp', options: { composite: [{ match: { first: true }, rule: { name: 'alpha-beta', alpha: 3 } }] } },
      ['alpha − beta must be 1'],
      '/options/composite/0/rule/beta',
    ],
    [
      'unknown colour map',
      { render: { colormap: 'jet' } },
      ['render.colormap must be one of red-blue, heat, gray, viridis', 'received "jet"'],
      '/render/colormap',
    ],
    [
      'too large a picture',
      { render: { size: 100000 } },
      ['render.size must be at most 2048', 'received 100000'],
      '/render/size',
    ],
    ['unknown part', { include: ['tensor'] }, ['include[0] must be one of relevance, layers, image'], '/include/0'],
    ['negative target', { target: -1 }, ['target must be at least 0', 'received -1'], '/target'],
    ['empty weights', { target: { weights: {} } }, ['at least one weight'], '/target/weights'],
    [
      'model name with ..',
      { model: '../../etc/passwd' },
      ['model must be 1 to 64 letters', '"../../etc/passwd"'],
      '/model',
    ],
    ['no model', { model: undefined }, ['model is required'], '/model'],
    ['no input', { input: {} }, ['exactly one of image, tensor'], '/input'],
    ['both inputs', { input: { tensor: VECTOR, image: 'AAAA' } }, ['exactly one of image, tensor'], '/input'],
    ['a data URL', { input: { image: 'data:image/png;base64,AAAA' } }, ['data URL'], '/input/image'],
    ['no base64', { input: { image: 'A-_A' } }, ['received "-" at 1'], '/input/image'],
    ['base64 without padding', { input: { image: 'AAA' } }, ['padding'], '/input/image'],
    [
      'wrong shape',
      { input: { tensor: { shape: [2, 2], data: [1, 2, 3, 4] } } },
      ['must be [4] or [N, 4]', 'received [2, 2]'],
      '/input/tensor/shape',
    ],
    [
      'wrong number of values',
      { input: { tensor: { shape: [4], data: [1, 2, 3] } } },
      ['4 values', 'received 3'],
      '/input/tensor/data',
    ],
    [
      'a value that is null',
      { input: { tensor: { shape: [4], data: [1, null, 3, 4] } } },
      ['data[1]', 'finite', 'received null'],
      '/input/tensor/data/1',
    ],
    [
      'a value beyond float32',
      { input: { tensor: { shape: [4], data: [1, 2, 3, 1e39] } } },
      ['data[3]', '1e+39'],
      '/input/tensor/data/3',
    ],
    [
      'nested values',
      { input: { tensor: { shape: [1, 4], data: [[1, 2, 3, 4]] } } },
      ['4 values'],
      '/input/tensor/data',
    ],
    [
      'NaN in base64',
      {
        input: { tensor: { shape: [1], data: Buffer.from(new Float32Array([Number.NaN]).buffer).toString('base64') } },
      },
      ['data[0]', 'NaN'],
      '/input/tensor/data/0',
    ],
    [
      'half a float',
      { input: { tensor: { shape: [1], data: 'AAAA' } } },
      ['multiple of 4 bytes', 'received 3 bytes'],
      '/input/tensor/data',
    ],
    [
      'too many rows',
      { input: { tensor: { shape: [9, 4], data: Array(36).fill(0) } } },
      ['costs 9 runs', 'allowed are 8'],
      '/input/tensor/shape/0',
    ],
  ])('%s', (_name, change, words, pointer) => refused(send(change), 422, 'invalid', words, pointer));

  test('every fault is told', async () => {
    const { body } = await send({ method: 'x', render: { colormap: 'jet', alpha: 2 } });
    expect(body.errors.map(({ pointer }: { pointer: string }) => pointer)).toEqual([
      '/method',
      '/render/colormap',
      '/render/alpha',
    ]);
    expect(body.detail).toContain('(and 2 more faults)');
  });

  test('unknown model', () =>
    refused(send({ model: 'nothing' }), 404, 'unknown-model', ['"nothing"', 'digits, signal, table']));
});

describe('what cannot be answered', () => {
  test.each(['text/html', 'image/gif', 'application/xml', 'nonsense'])(
    'Accept: %s is refused before anything is read',
    (accept) =>
      refused(post().set('accept', accept).type('json').send('{'), 406, 'not-acceptable', [
        accept,
        'application/json, image/png',
        'application/x-npy',
      ]),
  );

  test.each(ERROR_CODES)('the error %s of the service is a problem', async (code) => {
    fake.service.instead = async () => {
      throw new ElucidError(code, `${code}: what was received and what is allowed`, [{ pointer: '/x', detail: 'y' }]);
    };
    const { status, body, headers } = await post().send(BODY);
    expect(status).toBe(PROBLEMS[code].status);
    expect(body).toMatchObject({ code, status, detail: `${code}: what was received and what is allowed` });
    expect(headers['retry-after'] !== undefined).toBe(status === 503 || code === 'not-finished');
  });

  test('an unexpected error shows nothing, and the log has all', async () => {
    fake.service.instead = async () => {
      throw new TypeError('secret of /srv/elucid/x.ts');
    };
    const { status, text, body } = await post().send(BODY);
    expect(status).toBe(500);
    expect(text).not.toMatch(/secret|srv|TypeError|at /);
    const logged = fake.log.find((line) => line.includes('unexpected error') && line.includes(body.request_id));
    expect(logged).toContain('secret of');
    expect(logged).toContain('"stack"');
  });

  test('a client that vanishes in the middle of its upload is no error', async () => {
    fake.log.length = 0;
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.write(
      'POST /explain HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 5000\r\n\r\n' +
        '--b\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\nhalf a fi',
    );
    await setTimeout(100);
    socket.destroy();
    await setTimeout(100);
    expect((await post().send(BODY)).status).toBe(200);
    expect(fake.log.filter((line) => /"level":[56]0/.test(line))).toEqual([]);
  });

  test('slow clients are bounded in time', () => {
    const { headersTimeout, requestTimeout, timeout } = fake.app.server;
    expect({ headersTimeout, requestTimeout, timeout }).toEqual({
      headersTimeout: 15_000,
      requestTimeout: 60_000,
      timeout: 120_000,
    });
  });

  test('bytes that are no HTTP are a problem too', async () => {
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write('hello\r\n\r\n'));
      socket.on('data', (data) => resolve(String(data)));
    });
    expect(answer).toMatch(/^HTTP\/1.1 400 /);
    expect(answer).toContain('application/problem+json');
  });
});
