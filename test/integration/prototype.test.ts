import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import sharp from 'sharp';
import request from 'supertest';
import { decodeNpy, encodeNpy } from '../../models/tensors/npy.ts';
import { arrayTensor } from '../../models/tensors/tensor.ts';
import type { ReceivedEvent } from '../support/eventSource.ts';
import { eventDataSchema, PrototypeClient } from './prototypeClient.ts';
import { type RunningService, startService } from './runningService.ts';

jest.setTimeout(120_000);

const ZOO = join(import.meta.dirname, '../../models/zoo');
const BODY = { model: 'mnist-cnn', target: 3, steps: 40 };

let modelsDir: string;
let service: RunningService;
let client: PrototypeClient;
let three: Buffer;

/** Copies of a shipped model with companions that fit, or do not. */
const COMPANIONS: Readonly<Record<string, object>> = {
  complete: { density: 'mnist-rbm', generator: 'mnist-decoder', codeRange: 'range.npy', classMeans: 'means.npy' },
  alone: {},
  lost: { density: 'nowhere', generator: 'nowhere' },
  'no-density': { density: 'mnist-mlp' },
  'no-generator': { generator: 'mnist-mlp' },
  'other-means': { classMeans: 'range.npy' },
  'other-range': { generator: 'mnist-decoder', codeRange: 'means.npy' },
};

beforeAll(async () => {
  modelsDir = await mkdtemp(join(tmpdir(), 'elucid-companions-'));
  const range = encodeNpy(
    arrayTensor(
      [20, 2],
      Float32Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? -2.5 : 2.5)),
    ),
  );
  for (const [name, companions] of Object.entries(COMPANIONS)) {
    const folder = join(modelsDir, name);
    await cp(join(ZOO, 'mnist-cnn'), folder, { recursive: true });
    await writeFile(join(folder, 'range.npy'), range);
    const manifest = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8'));
    await writeFile(join(folder, 'manifest.json'), JSON.stringify({ ...manifest, name, companions }));
  }
  three = await readFile(join(ZOO, 'samples/3.png'));
  service = await startService({ MODELS_DIR: modelsDir });
  client = new PrototypeClient(service);
});
afterAll(async () => {
  await service.stop();
  await rm(modelsDir, { recursive: true });
});

const explain = (body: object) =>
  request(service.url)
    .post('/explain')
    .send({ model: 'mnist-cnn', method: 'sensitivity', ...body });

describe('one prototype', () => {
  test('is a legal input that the network takes for the class, with the probability that is told', async () => {
    const { model, options, prototypes } = await client.json({ ...BODY, steps: 200, include: ['tensor'] });
    expect([model.name, prototypes.length, options['seed']]).toEqual(['mnist-cnn', 1, 0]);
    const [{ target, probability, tensor, terms } = raise()] = prototypes;
    expect(target).toEqual({ index: 3, label: '3', unit: null });
    const values = new Float32Array(Uint8Array.from(Buffer.from(tensor?.data ?? '', 'base64')).buffer);
    expect([Math.min(...values) >= 0, Math.max(...values) <= 1, values.length]).toEqual([true, true, 784]);
    const { body } = await explain({ input: { tensor } });
    expect(body.prediction.index).toBe(3);
    expect(body.prediction.probability).toBeCloseTo(probability ?? 0, 4);
    expect(body.prediction.score).toBeCloseTo(terms['logit'] ?? 0, 3);
    expect(probability).toBeGreaterThan(0.99);
  });

  test('comes within the wait in every representation, of the same search', async () => {
    const of = async (accept: string) => {
      const answer = await client.post(BODY, { accept, prefer: 'wait=60' });
      expect([answer.status, answer.headers.get('content-type')?.split(';')[0]]).toEqual([200, accept]);
      return Buffer.from(await answer.arrayBuffer());
    };
    const { shape, data } = decodeNpy(await of('application/x-npy'));
    expect(shape).toEqual([1, 1, 28, 28]);
    const { prototypes } = JSON.parse((await of('application/json')).toString());
    const embedded = await sharp(Buffer.from(prototypes[0].image, 'base64')).raw().toBuffer();
    const shown = await sharp(await of('image/png'))
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect([shown.info.width, shown.info.height]).toEqual([224, 224]);
    for (let i = 0; i < 784; i += 1) {
      // A pixel is 255 x, and eight pixels wide in the picture.
      expect(Math.abs((embedded[3 * i] ?? 0) - 255 * (data[i] ?? 0))).toBeLessThanOrEqual(0.5 + 1e-3);
      const [x, y] = [8 * (i % 28) + 3, 8 * Math.floor(i / 28) + 5];
      expect(shown.data[3 * (y * 224 + x)]).toBe(embedded[3 * i]);
    }
  });

  test('as animated WebP shows its way: from the start to the end', async () => {
    const body = { ...BODY, init: 'zero', include: ['animation'], render: { size: 'input' } };
    const animated = sharp(await client.bytes(body, 'image/webp'), { animated: true });
    const { pages = 0, pageHeight, delay } = await animated.metadata();
    expect([pages > 10, pageHeight, delay?.length]).toEqual([true, 28, pages]);
    const { data } = await animated.removeAlpha().raw().toBuffer({ resolveWithObject: true });
    const still = await sharp(await client.bytes(body, 'image/png'))
      .raw()
      .toBuffer();
    const frame = 28 * 28 * 3;
    expect(data.subarray(0, frame).reduce((sum, level) => sum + level, 0)).toBeLessThan(
      still.reduce((sum, level) => sum + level, 0),
    );
    expect(data.subarray(-frame).equals(still)).toBe(true);
  });

  test('starts where it is told to: at a picture with the probability that an explanation finds there', async () => {
    const init = { image: three.toString('base64') };
    const { options, prototypes } = await client.json({ ...BODY, target: 8, init, include: ['trajectory'] });
    expect(options['init']).toBe('tensor');
    const [first, ...others] = prototypes[0]?.trajectory ?? [];
    const { body } = await explain({ input: init, target: 8 });
    const { score } = body.target;
    const logits = Math.log(first?.probability ?? 0);
    // log p(8|x) = score − log Σ exp scores, and the prediction tells the same sum.
    expect(logits).toBeCloseTo(score - body.prediction.score + Math.log(body.prediction.probability), 3);
    expect(others.at(-1)?.objective).toBeGreaterThan(first?.objective ?? 0);
  });

  test('of a hidden unit raises it, to the value that an explanation finds there', async () => {
    const target = { layer: 'conv2', channel: 5, position: [3, 4] };
    const { prototypes, options } = await client.json({
      ...BODY,
      target,
      init: 'noise',
      include: ['tensor', 'trajectory'],
    });
    expect(options['objective']).toBe('value');
    const [{ tensor, terms, trajectory = [], probability, target: named } = raise()] = prototypes;
    expect([probability, named]).toEqual([null, { index: null, label: null, unit: target }]);
    expect(trajectory.at(-1)?.objective).toBeGreaterThan(trajectory[0]?.objective ?? 0);
    const { body } = await explain({ input: { tensor }, target });
    expect(body.target.score).toBeCloseTo(terms['value'] ?? 0, 3);
  });

  test('of a channel raises its mean; to lower it is another objective', async () => {
    const target = { layer: 'conv2', channel: 5 };
    const [up, down] = await Promise.all([
      client.json({ ...BODY, target }),
      client.json({ ...BODY, target, objective: '-value' }),
    ]);
    expect(up.prototypes[0]?.terms['value']).toBeGreaterThan(down.prototypes[0]?.terms['value'] ?? 0);
  });
});

describe('several prototypes', () => {
  test('of all classes are one sheet with labels, and one batch', async () => {
    const body = { ...BODY, model: 'mnist-mlp', target: 'all' };
    const { prototypes } = await client.json(body);
    expect(prototypes.map(({ target: { label } }) => label)).toEqual([...'0123456789']);
    const { width = 0, height = 0 } = await sharp(await client.bytes(body, 'image/png')).metadata();
    expect(width * height).toBeGreaterThan(10 * 224 * 224);
    const { shape } = decodeNpy(await client.bytes(body, 'application/x-npy'));
    expect(shape).toEqual([10, 1, 28, 28]);
  });

  test('of one class differ, and a diversity term makes them differ more', async () => {
    const alike = async (weight: number) => {
      const { prototypes } = await client.json({ ...BODY, count: 4, diversity: { weight } });
      expect(prototypes.map(({ copy }) => copy)).toEqual([0, 1, 2, 3]);
      expect(new Set(prototypes.map(({ image }) => image)).size).toBe(4);
      return prototypes.reduce((sum, { terms }) => sum + (terms['diversity'] ?? Number.NaN), 0);
    };
    expect(await alike(1)).toBeLessThan(await alike(1e-9));
  });
});

test('the same seed gives the same bytes, another seed others', async () => {
  const body = { ...BODY, init: 'noise', count: 2, seed: 7 };
  for (const accept of ['image/png', 'application/x-npy']) {
    const [first, second, other] = await Promise.all([
      client.bytes(body, accept),
      client.bytes(body, accept),
      client.bytes({ ...body, seed: 8 }, accept),
    ]);
    expect(first.equals(second)).toBe(true);
    expect(first.equals(other)).toBe(false);
  }
});

test('events tell its story, with pictures of how it goes', async () => {
  const id = await client.submit({ ...BODY, target: 'all' });
  const events: ReceivedEvent[] = [];
  for await (const event of client.events(id)) events.push(event);
  const types = events.map(({ type }) => type);
  expect([types[0], types[1], types.at(-1)]).toEqual(['queued', 'running', 'result']);
  const progress = events.filter(({ type }) => type === 'progress').map(({ data }) => eventDataSchema.parse(data));
  const steps = progress.map(({ step = 0 }) => step);
  expect(steps).toEqual([...steps].sort((a, b) => a - b));
  expect(progress[0]).toMatchObject({ steps: 40, objective: expect.any(Number) });
  const previews = progress.flatMap(({ preview }) => preview ?? []);
  expect(previews.length).toBeGreaterThan(0);
  for (const preview of previews) {
    const { format, width = 0 } = await sharp(Buffer.from(preview, 'base64')).metadata();
    expect([format, width > 3 * 112]).toEqual(['png', true]);
  }
  expect(events.at(-1)?.data).toMatchObject({ state: 'succeeded', result: `/jobs/${id}/result` });
});

describe('the variants', () => {
  test.each(['simple', 'density', 'generator', 'dgn-am'])(
    '%s finds a digit where the model has what it needs',
    async (variant) => {
      const { prototypes, variant: used } = await client.json({ ...BODY, model: 'complete', variant, steps: 100 });
      expect(used).toBe(variant);
      expect(prototypes[0]?.probability).toBeGreaterThan(0.9);
      expect('log_density' in (prototypes[0]?.terms ?? {})).toBe(variant === 'density');
    },
  );

  test('are refused where the manifest does not name what they need', async () => {
    for (const [variant, field] of [
      ['density', 'companions.density'],
      ['generator', 'companions.generator'],
      ['dgn-am', 'companions.codeRange'],
    ] as const) {
      const answer = await client.post({ ...BODY, model: 'alone', variant });
      const { code, detail } = (await answer.json()) as { code: string; detail: string };
      expect([answer.status, code]).toEqual([422, 'not-applicable']);
      expect(detail).toContain(field);
    }
  });

  test.each([
    ['lost', 'density', 'there is no model "nowhere"'],
    ['lost', 'generator', 'there is no model "nowhere"'],
    ['no-density', 'density', 'must give one real number'],
    ['no-generator', 'generator', 'a generator is a regression'],
    ['other-range', 'dgn-am', 'pairs of lowest and highest for the 20 units'],
  ])('companions that cannot be used are told of: %s, %s', async (model, variant, words) => {
    const answer = await client.post({ ...BODY, model, variant });
    const { code, detail } = (await answer.json()) as { code: string; detail: string };
    expect([answer.status, code]).toEqual([500, 'model-failed']);
    expect(detail).toContain(words);
    const described = (await (await client.get(`/models/${model}`)).json()) as { variants: { name: string }[] };
    expect(described.variants.find(({ name }) => name === variant)).toEqual({
      name: variant,
      applies: false,
      reason: detail,
    });
  });

  test('class means of another shape are a fault of the model itself', async () => {
    const answer = await client.post({ ...BODY, model: 'other-means' });
    const { code, detail } = (await answer.json()) as { code: string; detail: string };
    expect([answer.status, code]).toEqual([500, 'model-failed']);
    expect(detail).toContain('[20, 2], not [classes, 1, 28, 28]');
    expect(await (await client.get('/models/other-means')).json()).toMatchObject({
      ...{ state: 'failed', reason: detail, variants: [] },
    });
  });

  test('companions that are not there are told of at the start', () => {
    const listening = service.log.findIndex((line) => line.includes(service.url));
    const warnings = service.log.slice(0, listening).filter((line) => line.includes('nowhere'));
    expect(warnings).toHaveLength(2);
  });
});

describe('refused at once', () => {
  test.each([
    [
      'an init image that is no image',
      { init: { image: Buffer.from('GIF89a').toString('base64') } },
      415,
      'unsupported-image',
    ],
    ['a truncated init image', { init: { image: 'iVBORw0KGgoAAAANSUhEUg==' } }, 415, 'unsupported-image'],
    ['a layer that does not exist', { target: { layer: 'conv9', channel: 0 } }, 422, 'invalid'],
    ['a channel that does not exist', { target: { layer: 'conv2', channel: 999 } }, 422, 'invalid'],
    ['a class that does not exist', { target: 10 }, 422, 'invalid'],
    ['too many steps', { steps: 5001 }, 422, 'invalid'],
    ['too many prototypes', { count: 65 }, 422, 'invalid'],
  ])('%s', async (_what, changes, status, code) => {
    const answer = await client.post({ ...BODY, ...changes }, { 'idempotency-key': 'refused' });
    expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([status, code]);
  });

  test('and nothing of it is a job', async () => {
    const before = ((await (await client.get('/jobs?limit=200')).json()) as { jobs: unknown[] }).jobs.length;
    await client.post({ ...BODY, target: 10 });
    expect(((await (await client.get('/jobs?limit=200')).json()) as { jobs: unknown[] }).jobs).toHaveLength(before);
  });
});

function raise(): never {
  throw new Error('the answer has no prototype');
}
