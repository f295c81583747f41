import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type TestApp, testApp } from './testApp.ts';

const FILE = Buffer.from('not decoded here');

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

const send = (url: string, { type = 'image/png', method = 'POST' as 'POST' | 'PUT', payload = FILE } = {}) =>
  fake.app.inject({ method, url, payload, headers: type === '' ? {} : { 'content-type': type } });

describe('/predictions', () => {
  test('gives the largest outputs by label', async () => {
    const answer = await send('/predictions/digits');
    expect([answer.statusCode, answer.headers['content-type'], answer.body]).toEqual([
      200,
      'application/json',
      '{"straße 0":0.9}',
    ]);
    const input = fake.service.predictions[0]?.input;
    expect(input?.kind === 'image' && Buffer.from(input.bytes).equals(FILE)).toBe(true);
  });

  test('labels that are digits stay in the order of their probabilities', async () => {
    const { predict } = fake.service;
    fake.service.predict = async (command, signal) => {
      const predicted = await predict(command, signal);
      const output = (index: number, probability: number) => ({ index, label: String(index), score: 1, probability });
      const top = [output(7, 0.8), output(2, 0.1), { ...output(3, 0.05), label: '7' }];
      return {
        ...predicted,
        items: predicted.items.map((item) => ({ ...item, prediction: { ...output(7, 0.8), top } })),
      };
    };
    const { body } = await send('/predictions/digits');
    fake.service.predict = predict;
    expect(body).toBe('{"7":0.8,"2":0.1,"3":0.05}');
  });

  test.each(['image/png', 'application/octet-stream', 'application/json', 'application/x-www-form-urlencoded', ''])(
    'takes a body of the type "%s"',
    async (type) => {
      expect((await send('/predictions/digits', { type })).statusCode).toBe(200);
    },
  );

  test('files may be put', async () => {
    expect((await send('/predictions/digits', { method: 'PUT' })).statusCode).toBe(200);
  });

  test.each([
    ['/predictions/digits/2', 200],
    ['/predictions/digits/3', 404],
    ['/predictions/nothing', 404],
    ['/predictions/table', 422],
  ])('%s is answered %i', async (url, status) => {
    expect((await send(url)).statusCode).toBe(status);
  });

  const form = (...parts: readonly string[]) => ({
    type: 'multipart/form-data; boundary=x',
    payload: Buffer.from(
      `${parts.map((part) => `--x\r\nContent-Disposition: form-data; ${part}\r\n`).join('')}--x--\r\n`,
    ),
  });
  const file = (name: string) => `name="${name}"; filename="4.png"\r\nContent-Type: image/png\r\n\r\n${FILE}`;

  test('takes the one file of a form', async () => {
    expect((await send('/predictions/digits', form(file('data')))).statusCode).toBe(200);
    const input = fake.service.predictions[0]?.input;
    expect(input?.kind === 'image' && Buffer.from(input.bytes).equals(FILE)).toBe(true);
  });

  test.each([
    ['no file', form(), 422],
    ['two files', form(file('data'), file('data')), 422],
    ['a file of another name', form(file('image')), 422],
    ['a text', form('name="data"\r\n\r\nhello'), 422],
    ['bytes that are no form', { type: 'multipart/form-data; boundary=x', payload: FILE }, 400],
    ['a form without a boundary', { ...form(file('data')), type: 'multipart/form-data' }, 400],
  ])('refuses %s', async (_what, sent, status) => {
    const answer = await send('/predictions/digits', sent);
    expect([answer.statusCode, answer.json().status]).toEqual([status, status]);
  });

  test('a file larger than an upload may be is refused', async () => {
    expect((await send('/predictions/digits', { payload: Buffer.alloc(64 * 1024 + 1) })).statusCode).toBe(413);
  });

  test('GET is not allowed', async () => {
    const answer = await fake.app.inject('/predictions/digits');
    expect([answer.statusCode, answer.headers['allow']]).toEqual([405, 'POST, PUT, OPTIONS']);
  });
});

describe('/explanations', () => {
  test('gives the relevance as nested lists, a batch of one, and the scores in headers', async () => {
    const answer = await send('/explanations/digits');
    const relevance = answer.json();
    expect([relevance.length, relevance[0].length, relevance[0][0].length, relevance[0][0][0].length]).toEqual([
      1, 1, 28, 28,
    ]);
    expect(relevance[0][0][0][9]).toBeCloseTo(0.009);
    expect(answer.headers).toMatchObject({ 'x-prediction': '0', 'x-score': '5.5', 'x-relevance-sum': '0.045' });
  });

  test('the query holds method, target and options', async () => {
    await send('/explanations/digits/2?method=lrp&composite=epsilon&target=1');
    expect(fake.service.commands[0]).toMatchObject({ method: 'lrp', options: { composite: 'epsilon' }, target: 1 });
  });

  test('an unknown option is refused', async () => {
    const answer = await send('/explanations/digits?epsilon=1');
    expect([answer.statusCode, answer.json().detail]).toEqual([422, expect.stringContaining('"epsilon"')]);
  });
});
