import sharp from 'sharp';
import { decodeNpy } from '../../models/tensors/npy.ts';
import { arrayTensor } from '../../models/tensors/tensor.ts';
import { type TestApp, testApp } from './testApp.ts';

let fake: TestApp;

beforeAll(async () => {
  fake = await testApp();
});

beforeEach(() => {
  fake.service.filterRequests.length = 0;
});

afterAll(async () => {
  await fake.app.close();
});

const get = (query = '', accept?: string, layer = 'conv', model = 'digits') =>
  fake.app.inject({
    method: 'GET',
    url: `/models/${model}/layers/${layer}/filters${query}`,
    headers: accept === undefined ? {} : { accept },
  });

/** Whether all pixels of a picture are gray. */
async function isGray(payload: Buffer): Promise<boolean> {
  const { data, info } = await sharp(payload).raw().toBuffer({ resolveWithObject: true });
  return data.every((value, i) => value === data[i - (i % info.channels)]);
}

test.each([
  [undefined, 'png'],
  ['*/*', 'png'],
  ['image/*', 'png'],
  ['image/webp', 'webp'],
  ['image/avif', 'heif'],
  ['image/jpeg;q=0.5, text/html', 'jpeg'],
])('Accept: %s gives a sheet as %s', async (accept, format) => {
  const answer = await get('', accept);
  expect(answer.statusCode).toBe(200);
  expect(answer.headers['vary']).toContain('accept');
  // Two filters of 3 × 3 at 22 pixels per weight, side by side, each with its index below.
  expect(await sharp(answer.rawPayload).metadata()).toMatchObject({ format, width: 156, height: 94 });
});

test('Accept: application/x-npy gives the weights', async () => {
  const answer = await get('', 'application/x-npy');
  expect(answer.headers['content-type']).toBe('application/x-npy');
  expect(decodeNpy(answer.rawPayload)).toEqual(fake.service.weights);
});

test('other representations are refused before anything is looked up', async () => {
  const answer = await get('', 'application/json');
  expect(answer.statusCode).toBe(406);
  expect(answer.json().detail).toContain('image/png, image/webp, image/avif, image/jpeg, application/x-npy');
  expect(fake.service.filterRequests).toEqual([]);
});

test.each([
  ['conv1%2Factivation', 'conv1/activation'],
  ['a%20b%3F%23%25', 'a b?#%'],
  [encodeURIComponent('層'.repeat(85)), '層'.repeat(85)],
])('the layer %s is %s', async (encoded, name) => {
  expect((await get('', undefined, encoded)).statusCode).toBe(200);
  expect(fake.service.filterRequests).toEqual([{ model: 'digits', version: '2', layer: name }]);
});

test('an unknown layer or model is 404', async () => {
  const layer = await get('', undefined, 'nothing');
  expect(layer.statusCode).toBe(404);
  expect(layer.json()).toMatchObject({ code: 'unknown-layer', errors: [{ pointer: '/layer' }] });
  const model = await get('', undefined, 'conv', 'nothing');
  expect([model.statusCode, model.json().code]).toEqual([404, 'unknown-model']);
  expect((await get('?version=9')).json().code).toBe('unknown-model');
});

test.each([
  ['size=30', 84, 58],
  ['size=30&normalise=all', 84, 58],
  ['size=16&version=2', 56, 44],
])('%s is drawn', async (query, width, height) => {
  const { rawPayload } = await get(`?${query}`);
  expect(await sharp(rawPayload).metadata()).toMatchObject({ width, height });
});

test.each([
  ['size=15', 'size must be at least 16'],
  ['size=big', 'size must be a number'],
  ['size=', 'size must be'],
  ['size=20.5', 'size must be a whole number'],
  ['colormap=heat', 'colormap must be one of rgb, gray, red-blue'],
  ['colormap=rgb', 'colormap rgb needs filters of 3 channels, these have 1'],
  ['normalise=max', 'normalise must be one of filter, all'],
  ['color=gray', 'did you mean "colormap"?'],
])('%s is refused', async (query, words) => {
  const answer = await get(`?${query}`);
  expect(answer.statusCode).toBe(422);
  expect(answer.json().detail).toContain(words);
});

test('filters of one channel are gray, unless another colour map is wanted', async () => {
  expect(await isGray((await get()).rawPayload)).toBe(true);
  expect(await isGray((await get('?colormap=red-blue')).rawPayload)).toBe(false);
});

test('those of a signal are tables of channels by steps', async () => {
  const { weights } = fake.service;
  fake.service.weights = arrayTensor(
    [4, 6, 1, 3],
    Float32Array.from({ length: 72 }, (_, i) => i - 36),
  );
  const { rawPayload } = await get('?size=60', undefined, 'conv', 'signal');
  fake.service.weights = weights;
  expect(await sharp(rawPayload).metadata()).toMatchObject({ width: 8 + 3 * 38, height: 8 + 2 * 80 });
});
