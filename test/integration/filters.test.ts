import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import sharp from 'sharp';
import request from 'supertest';
import { importModel } from '../../models/importers/importModel.ts';
import { openRegistry } from '../../models/registry/registry.ts';
import { decodeNpy } from '../../models/tensors/npy.ts';
import { TensorStore } from '../../models/tensors/store.ts';
import { layerNamed } from '../models/importedKeras.ts';
import { type RunningService, startService } from './runningService.ts';

jest.setTimeout(60_000);

const ZOO = join(import.meta.dirname, '../../models/zoo');
const CONV1 = '/models/mnist-cnn/layers/conv1/filters';

let service: RunningService;

beforeAll(async () => {
  service = await startService();
});

afterAll(async () => {
  await service?.stop();
});

const get = (path: string, accept: string) => request(service.url).get(path).set('accept', accept).buffer(true);

/** The weights of mnist-cnn's first layer, imported here into a store of its own. */
async function importedWeights() {
  const folder = await mkdtemp(join(tmpdir(), 'elucid-filters-'));
  try {
    const store = await TensorStore.open(folder);
    const registry = await openRegistry({ zooDir: ZOO, modelsDir: null });
    const network = await importModel(registry.get('mnist-cnn'), store);
    const { weight } = layerNamed(network, 'conv1', 'conv2d');
    return { shape: [...weight.shape], data: await store.read(weight) };
  } finally {
    await rm(folder, { recursive: true });
  }
}

test('the .npy file of a first convolution holds the weights of its model', async () => {
  const { status, body } = await get(CONV1, 'application/x-npy').responseType('blob');
  expect(status).toBe(200);
  const { shape, data } = decodeNpy(body);
  const expected = await importedWeights();
  expect([...shape]).toEqual(expected.shape);
  expect(Array.from(data)).toEqual(Array.from(expected.data));
  expect(data.some((weight) => weight !== 0)).toBe(true);
});

test('its picture is a sheet of ten filters', async () => {
  const { status, headers, body } = await get(CONV1, 'image/png');
  expect([status, headers['content-type']]).toEqual([200, 'image/png']);
  expect(await sharp(body).metadata()).toMatchObject({ format: 'png', width: 304, height: 266 });
});

test.each([
  ['/models/mnist-cnn/layers/conv1%2Factivation/filters', 422, 'conv1/activation (activation) is none; here: conv1'],
  ['/models/mnist-cnn/layers/conv2/filters', 422, 'conv2 (conv2d) is none; here: conv1'],
  ['/models/mnist-mlp/layers/output/filters', 422, 'this model has none'],
  [
    '/models/mnist-cnn/layers/conv9/filters',
    404,
    'there is no layer "conv9"; there are conv1, conv1/activation, conv2',
  ],
])('%s is %i', async (path, status, words) => {
  const answer = await get(path, '*/*');
  expect(answer.status).toBe(status);
  expect(answer.body.detail).toContain(words);
});
