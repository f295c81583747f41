import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { RegisteredModel } from '../../models/registry/registeredModel.ts';
import { type TestApp, testApp } from './testApp.ts';

let fake: TestApp;
let retained: (readonly string[])[];
let loaded: string[];

beforeAll(async () => {
  fake = await testApp();
  fake.service.retain = (models) => retained.push(namesOf(models));
  const { networkOf } = fake.service;
  fake.service.networkOf = (model) => {
    loaded.push(model.manifest.name);
    return networkOf(model);
  };
});
beforeEach(() => {
  retained = [];
  loaded = [];
});
afterAll(async () => {
  await fake.app.close();
});

const namesOf = (models: readonly RegisteredModel[]) => models.map(({ manifest }) => manifest.name);
const post = (url: string, payload?: object, remoteAddress = '127.0.0.1', headers: Record<string, string> = {}) =>
  fake.app.inject({
    method: 'POST',
    url: `/v2/repository/${url}`,
    remoteAddress,
    headers,
    ...(payload === undefined ? {} : { payload }),
  });
const ready = async (name: string) =>
  (await Promise.all([`/v1/models/${name}`, `/v2/models/${name}/ready`].map((url) => fake.app.inject(url)))).map(
    ({ statusCode }) => statusCode,
  );

describe('the index', () => {
  test('names every folder with its state and the reason', async () => {
    expect((await post('index')).json()).toEqual([
      { name: 'broken', version: '1', state: 'UNAVAILABLE', reason: 'weights.bin is missing' },
      { name: 'digits', version: '2', state: 'UNAVAILABLE', reason: 'the first request loads it' },
      { name: 'signal', version: '1', state: 'UNAVAILABLE', reason: 'the first request loads it' },
      { name: 'table', version: '1', state: 'UNAVAILABLE', reason: 'the first request loads it' },
    ]);
  });

  test('or only the loaded ones', async () => {
    const { stateOf } = fake.service;
    fake.service.stateOf = ({ manifest }) => ({ state: manifest.name === 'table' ? 'ready' : 'loading' });
    const all = (await post('index', {})).json();
    const some = (await post('index', { ready: true })).json();
    fake.service.stateOf = stateOf;
    expect(all.map(({ state }: { state: string }) => state)).toEqual(['UNAVAILABLE', 'LOADING', 'LOADING', 'READY']);
    expect(some).toEqual([{ name: 'table', version: '1', state: 'READY', reason: '' }]);
  });
});

test('an unloaded model takes no requests of these protocols until it is loaded again', async () => {
  expect(await ready('table')).toEqual([200, 200]);
  // As a client library sends it.
  expect((await post('models/table/unload', { parameters: { unload_dependents: false } })).json()).toEqual({
    name: 'table',
    unload: true,
  });
  expect(retained).toEqual([['digits', 'signal']]);
  expect(await ready('table')).toEqual([503, 503]);
  expect(await ready('digits')).toEqual([200, 200]);
  const answer = await fake.app.inject({
    method: 'POST',
    url: '/v1/models/table:predict',
    payload: { instances: [[1, 2, 3, 4]] },
  });
  expect([answer.statusCode, answer.json().error]).toEqual([503, 'the model table was unloaded']);
  const index = (await post('index')).json();
  expect(index.at(-1)).toEqual({ name: 'table', version: '1', state: 'UNAVAILABLE', reason: 'unloaded' });
  expect((await post('models/table/load')).json()).toEqual({ name: 'table', load: true });
  expect(loaded).toEqual(['table']);
  expect(await ready('table')).toEqual([200, 200]);
});

test.each([
  ['models/nothing/load', undefined, 404],
  ['models/nothing/unload', undefined, 404],
  ['models/broken/load', undefined, 500],
  ['models/digits/load', { parameters: { config: '{}' } }, 422],
  ['models/digits/unload', { parameters: { force: true } }, 422],
  ['index', { ready: 1 }, 422],
])('%s with %j is answered %i', async (url, payload, status) => {
  const answer = await post(url, payload);
  expect([answer.statusCode, answer.json().error]).toEqual([status, answer.json().detail]);
});

test.each(['index', 'models/digits/load', 'models/digits/unload'])('%s is for the same machine only', async (url) => {
  const far = await post(url, undefined, '10.0.0.1');
  const page = await post(url, undefined, '127.0.0.1', { origin: 'https://example.org' });
  expect([far.statusCode, page.statusCode, retained, loaded]).toEqual([403, 403, [], []]);
});
