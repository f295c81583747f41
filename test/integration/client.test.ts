import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import sharp from 'sharp';
import { createElucid, type Elucid, ProblemError } from '../../client/src/index.ts';
import { type RunningService, startService } from './runningService.ts';

jest.setTimeout(120_000);

const DIGIT = new Blob([new Uint8Array(readFileSync(join(import.meta.dirname, '../../models/zoo/samples/3.png')))]);

let service: RunningService;
let elucid: Elucid;

beforeAll(async () => {
  service = await startService();
  elucid = createElucid({ baseUrl: service.url });
});

afterAll(async () => {
  await service?.stop();
});

test('an operation of the document is called by its path', async () => {
  const { data } = await elucid.api.GET('/models/{name}', { params: { path: { name: 'mnist-cnn' } } });
  expect(data?.layers.map(({ name }) => name)).toContain('conv1');
});

test('a picture is explained', async () => {
  const explanation = await elucid.explain({ model: 'mnist-cnn', include: ['layers'] }, DIGIT);
  expect(explanation).toMatchObject({ prediction: { label: '3' }, layers: expect.any(Array) });
});

test('a tensor is explained', async () => {
  const tensor = { shape: [1, 28, 28], data: Array.from({ length: 784 }, () => 0.5) };
  const { relevance } = await elucid.explain({ model: 'mnist-cnn', method: 'sensitivity' }, { tensor });
  expect(relevance.shape).toEqual([1, 28, 28]);
});

test('an explanation comes as a picture with its scores', async () => {
  const { picture, scores } = await elucid.explainPicture({ model: 'mnist-cnn' }, DIGIT, 'image/webp');
  const { format, width } = await sharp(await picture.arrayBuffer()).metadata();
  expect([format, width, scores.prediction, scores.label]).toEqual(['webp', 224, 3, '3']);
});

test('the relevance comes as numbers that add up to the sum in the scores', async () => {
  const { relevance, scores } = await elucid.relevance({ model: 'mnist-cnn' }, DIGIT);
  expect(relevance.shape).toEqual([1, 28, 28]);
  const sum = relevance.data.reduce((total, value) => total + value, 0);
  expect(sum).toBeCloseTo(scores.relevanceSum ?? Number.NaN, 3);
});

test('a job is waited for by its events', async () => {
  const { id } = await elucid.createPrototype({ model: 'mnist-cnn', target: 3, steps: 30 });
  const progress: unknown[] = [];
  const job = await elucid.waitForJob(id, { onProgress: (one) => progress.push(one) });
  expect(job).toMatchObject({ id, state: 'succeeded' });
  expect(progress.length).toBeGreaterThan(0);
  const { prototypes } = await elucid.prototypes(id);
  expect(prototypes[0]?.target.index).toBe(3);
  const picture = await elucid.jobPicture(id);
  expect((await sharp(await picture.arrayBuffer()).metadata()).format).toBe('png');
  expect(await elucid.waitForJob(id)).toEqual(job);
});

test('filters come as numbers', async () => {
  expect((await elucid.filters('mnist-cnn', 'conv1')).shape).toEqual([10, 1, 3, 3]);
});

test('an error is a problem that names its fault', async () => {
  const refused = elucid.explain({ model: 'nobody' }, DIGIT);
  await expect(refused).rejects.toBeInstanceOf(ProblemError);
  await expect(refused).rejects.toMatchObject({ problem: { status: 404, code: 'unknown-model' } });
});
