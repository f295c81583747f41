import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ElucidError } from '../../schemas/errors.ts';
import { type TestApp, testApp } from '../http/testApp.ts';
import { asker, EXPLAIN, REQUEST } from './client.ts';

let fake: TestApp;
const ask = asker(() => fake.app);
const explain = () => ask(`${EXPLAIN} { id } }`, { request: REQUEST });

beforeAll(async () => {
  fake = await testApp();
});
afterAll(async () => {
  await fake.app.close();
  await fake.jobs.close();
});

test('an unexpected error tells its request id alone, whether or not the document is compiled; the log has the rest', async () => {
  fake.service.instead = async () => {
    throw new Error('secret /root/path');
  };
  for (let time = 0; time < 6; time += 1) {
    const { status, headers, data, errors } = await explain();
    expect([status, data]).toEqual([200, null]);
    const text = JSON.stringify(errors);
    expect(text).not.toMatch(/secret|root|stack/);
    const id = errors?.[0]?.extensions.request_id;
    expect(errors?.[0]?.extensions.code).toBe('internal');
    expect(id).toBe(headers['x-request-id']);
    const logged = fake.log.filter((line) => line.includes('secret /root/path') && line.includes(String(id)));
    expect(logged.length).toBeGreaterThan(0);
  }
});

test('an error of ours tells its code, its detail and its faults', async () => {
  fake.service.instead = async () => {
    throw new ElucidError('not-applicable', 'lrp does not fit', [{ pointer: '/method', detail: 'lrp does not fit' }]);
  };
  const { errors } = await explain();
  expect(errors).toEqual([
    {
      message: 'lrp does not fit',
      locations: [expect.anything()],
      path: ['explain'],
      extensions: {
        code: 'not-applicable',
        errors: [{ pointer: '/method', detail: 'lrp does not fit' }],
        request_id: expect.any(String),
      },
    },
  ]);
});

test('errors of a list have numbers in their path', async () => {
  const { describe } = fake.service;
  fake.service.describe = async () => {
    throw new ElucidError('model-failed', 'the weights are damaged');
  };
  const { errors } = await ask('{ models { name layers { name } } }');
  fake.service.describe = describe;
  expect(errors?.[0]?.path).toEqual(['models', expect.any(Number), 'layers']);
});

test('a body that is too large is 413, one that is no JSON 400', async () => {
  const send = (payload: string) =>
    fake.app.inject({ method: 'POST', url: '/graphql', payload, headers: { 'content-type': 'application/json' } });
  const large = await send(JSON.stringify({ query: 'x'.repeat(200_000) }));
  expect([large.statusCode, large.json().errors[0].extensions.code]).toEqual([413, 'too-large']);
  const broken = await send('{');
  expect([broken.statusCode, broken.json().errors[0].extensions.code]).toEqual([400, 'bad-body']);
});
