import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import sharp from 'sharp';
import request from 'supertest';
import { decodeNpy } from '../../models/tensors/npy.ts';
import { KerasLayers, plain } from '../models/kerasLayers.ts';
import { type KerasModel, modelJson, weightBytes } from '../models/kerasModel.ts';
import { temporaryFolder, writeFiles } from '../models/modelFolders.ts';
import { type RunningService, startService } from './runningService.ts';

jest.setTimeout(60_000);

const layers = new KerasLayers(41);

/** Three channels over 40 steps, [40, 3] in Keras. */
const model: KerasModel = {
  kind: 'Sequential',
  inputShape: [40, 3],
  layers: [
    layers.conv1d('conv', 3, 8, 7, { padding: 'same', activation: 'relu' }),
    plain('MaxPooling1D', 'pool'),
    plain('Flatten', 'flat'),
    layers.dense('end', 160, 2, { activation: 'softmax' }),
  ],
};

const manifest = {
  name: 'waves',
  version: '1',
  format: 'tfjs',
  files: { definition: { path: 'model.json' }, weights: { path: 'weights.bin' } },
  input: { kind: 'tensor', shape: [3, 40], box: [-1, 1] },
  output: { kind: 'classification', labels: ['calm', 'storm'] },
};

let service: RunningService;
let removeModels: () => Promise<void>;

beforeAll(async () => {
  const folder = await temporaryFolder();
  removeModels = folder.remove;
  await writeFiles(folder.path, {
    'waves/manifest.json': manifest,
    'waves/model.json': modelJson(model),
    'waves/weights.bin': weightBytes(model),
  });
  service = await startService({ MODELS_DIR: folder.path });
});

afterAll(async () => {
  await service?.stop();
  await removeModels?.();
});

const wave = (count: number, height = 1) =>
  Array.from({ length: count * 120 }, (_, i) => height * Math.sin(i / 3) * Math.cos(i / 50));

const explain = (shape: readonly number[], accept = 'application/json', data: readonly number[] = wave(1)) =>
  request(service.url)
    .post('/explain')
    .set('accept', accept)
    .send({ model: 'waves', input: { tensor: { shape, data } }, include: ['layers'] });

test('a signal is explained, its relevance in the shape of the signal', async () => {
  const { status, body } = await explain([3, 40]);
  expect(status).toBe(200);
  expect(body).toMatchObject({ method: 'deep-taylor', relevance: { shape: [3, 40] } });
  const rules = body.layers.map(({ name, rule }: { name: string; rule: string }) => [name, rule]);
  expect(Object.fromEntries(rules)).toMatchObject({ conv: 'z-box', end: 'z-plus' });
  const batch = await explain([2, 3, 40], 'application/json', wave(2));
  expect(batch.body.relevance).toMatchObject({ shape: [2, 3, 40], sum: [expect.any(Number), expect.any(Number)] });
});

test('its values come as .npy, and its picture is a strip', async () => {
  const file = await explain([3, 40], 'application/x-npy').responseType('blob');
  expect(decodeNpy(file.body).shape).toEqual([3, 40]);
  const picture = await explain([3, 40], 'image/png').responseType('blob');
  expect(await sharp(picture.body).metadata()).toMatchObject({ width: 240, height: 30 });
});

test.each([
  ['a signal with steps first', [40, 3], wave(1), 'invalid'],
  ['a signal that leaves the box', [3, 40], wave(1, 5), 'out-of-box'],
])('%s is refused', async (_what, shape, data, code) => {
  const { status, body } = await explain(shape, 'application/json', data);
  expect([status, body.code]).toEqual([422, code]);
});

test('the filters of its first convolution are tables of channels by steps', async () => {
  const filters = request(service.url).get('/models/waves/layers/conv/filters').buffer(true);
  const file = await filters.set('accept', 'application/x-npy').responseType('blob');
  expect(decodeNpy(file.body).shape).toEqual([8, 3, 1, 7]);
  const picture = await request(service.url).get('/models/waves/layers/conv/filters?size=70').responseType('blob');
  // Eight tables of 70 × 30 pixels with a label below, in three columns.
  expect(await sharp(picture.body).metadata()).toMatchObject({ width: 242, height: 158 });
});
