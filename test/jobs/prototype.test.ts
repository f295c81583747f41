import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import sharp from 'sharp';
import type { RegisteredModel } from '../../models/registry/registeredModel.ts';
import { type ManifestSpec, manifestSchema } from '../../schemas/manifest.ts';
import { parsePrototype } from '../../schemas/prototype.ts';
import type { PrototypeReply } from '../../services/compute/prototype/prototypeTask.ts';
import { packPrototypes, unpackPrototypes } from '../../services/jobs/prototype/outcome.ts';
import { inputDrawer } from '../../services/jobs/prototype/pictures.ts';
import { drawPreview, titleOf } from '../../services/jobs/prototype/preview.ts';
import { prototypeJobRequest } from '../../services/jobs/prototype/request.ts';

function model(input: ManifestSpec['input']): RegisteredModel {
  const files = { definition: { path: 'model.json' }, weights: { path: 'weights.bin' } };
  const output = { kind: 'classification' } as const;
  const manifest = manifestSchema.parse({ name: 'own', version: '3', format: 'tfjs', files, input, output });
  return {
    ...{ manifest, folder: '/nowhere', id: 'id', fingerprint: 'fingerprint', sha256: 'f'.repeat(64) },
    ...{ definition: null, weights: [], labels: null, box: null, meanImage: null },
    companions: { density: null, generator: null, codeRange: null, classMeans: null },
  };
}

/** x = p / 255 − 0.5, blue first. */
const COLOUR = model({
  kind: 'image',
  shape: [3, 2, 2],
  preprocessing: { colour: 'bgr', scale: 1 / 255, mean: [0.5, 0.5, 0.5] },
});
const SIGNAL = model({ kind: 'tensor', shape: [2, 3] });
const VECTOR = model({ kind: 'tensor', shape: [4] });

const TARGET = { index: 1, label: 'dog', unit: null };

/** Two prototypes of 12 values each; three frames if there are any. */
function reply(frames: boolean): PrototypeReply {
  const images = Float32Array.from({ length: 24 }, (_, i) => i / 23 - 0.5);
  const row = {
    ...{ target: TARGET, objective: -1, terms: { logit: 2 }, probability: 0.5, steps: 7, converged: true },
    trajectory: [{ step: 0, objective: -9, probability: null }],
  };
  return {
    rows: [
      { ...row, copy: 0 },
      { ...row, copy: 1 },
    ],
    images,
    frames: frames ? { steps: [0, 3, 7], data: Float32Array.from({ length: 72 }, (_, i) => (i % 5) / 5 - 0.5) } : null,
    engine: 'onnx/cpu',
    options: {
      ...{ variant: 'simple', objective: 'logit', init: 'zero', densityWeight: null, steps: 7, tolerance: 0 },
      ...{ optimiser: { name: 'l-bfgs' }, seed: 4, count: 2, diversity: { weight: 0, layer: null } },
      regularisers: { l2: 0.1, totalVariation: 0, blur: null, jitter: 0, clipNorm: 0, clipContribution: 0 },
    },
    computeMs: 12.5,
  };
}

describe('a result', () => {
  test.each([false, true])('comes out of the store as it went in (animation: %s)', async (animated) => {
    const given = reply(animated);
    const { body, blobs } = await packPrototypes(COLOUR, given);
    const stored = unpackPrototypes({ request: '{}', body: JSON.stringify(body), blobs });
    const { rows, engine, options, computeMs, images, frames } = given;
    expect(stored).toMatchObject({ engine, computeMs, model: { name: 'own', version: '3', sha256: 'f'.repeat(64) } });
    expect([stored.rows, stored.options]).toEqual([rows, options]);
    expect(stored.values.shape).toEqual([2, 3, 2, 2]);
    expect([...stored.values.data]).toEqual([...images]);
    const draw = inputDrawer(COLOUR);
    expect(stored.pictures.map(({ data }) => [...data])).toEqual(draw(images).map(({ data }) => [...data]));
    expect(stored.frames.map(({ step }) => step)).toEqual(animated ? [0, 3, 7] : []);
    const shown = stored.frames.flatMap(({ pictures }) => pictures).map(({ data }) => [...data]);
    expect(shown).toEqual(frames === null ? [] : draw(frames.data).map(({ data }) => [...data]));
  });

  test('does not care where in the file its values begin', async () => {
    const { body, blobs } = await packPrototypes(COLOUR, reply(false));
    const shifted = Buffer.concat([Buffer.from([7]), blobs['values'] ?? Buffer.alloc(0)]).subarray(1);
    const stored = unpackPrototypes({
      ...{ request: '{}', body: JSON.stringify(body) },
      blobs: { ...blobs, values: shifted },
    });
    expect([...stored.values.data]).toEqual([...reply(false).images]);
  });
});

test('a large result lets others have their turn while it is drawn', async () => {
  let turns = 0;
  const others = setInterval(() => {
    turns += 1;
  });
  const images = new Float32Array(12 * 20_000);
  await packPrototypes(COLOUR, { ...reply(false), images });
  clearInterval(others);
  expect(turns).toBeGreaterThan(3);
});

describe('the picture of an input', () => {
  test('is the one that would be preprocessed to it, clipped to what pixels can be', () => {
    // Planes: blue, green, red.
    const values = Float32Array.of(-0.5, 0, 0.5, 9, 0.5, 0.5, 0.5, 0.5, -0.5, -9, 0, 0.25);
    const [picture] = inputDrawer(COLOUR)(values);
    expect(picture).toMatchObject({ width: 2, height: 2, channels: 3 });
    expect([...(picture?.data ?? [])]).toEqual([0, 255, 0, 0, 255, 128, 128, 255, 255, 191, 255, 255]);
  });

  test('that is a signal is gray from its smallest value to its largest, the mean over what lies before its two axes', () => {
    const [picture] = inputDrawer(SIGNAL)(Float32Array.of(-1, 0, 1, 3, 2, 1));
    expect(picture).toMatchObject({ width: 3, height: 2 });
    const gray = [0, 64, 128, 255, 191, 128];
    expect([...(picture?.data ?? [])]).toEqual(gray.flatMap((level) => [level, level, level]));
  });

  test('that is a vector is one row; one that is the same everywhere is black', () => {
    const pictures = inputDrawer(VECTOR)(Float32Array.of(0, 1, 0, 0.5, 5, 5, 5, 5));
    expect(pictures.map(({ width, height }) => [width, height])).toEqual([
      [4, 1],
      [4, 1],
    ]);
    const [first, second] = pictures.map(({ data }) => [0, 1, 2, 3].map((x) => data[3 * x]));
    expect([first, second]).toEqual([
      [0, 255, 0, 128],
      [0, 0, 0, 0],
    ]);
  });
});

describe('a preview', () => {
  test('of one prototype is a small PNG of it', async () => {
    const preview = await drawPreview(new Float32Array(12).fill(0.5), COLOUR, [TARGET], 1);
    const { data, info } = await sharp(preview).raw().toBuffer({ resolveWithObject: true });
    expect([info.width, info.height, Math.min(...data)]).toEqual([112, 112, 255]);
    expect((await sharp(preview).metadata()).format).toBe('png');
  });

  test('of several has the targets below them', async () => {
    const other = { ...TARGET, label: 'a cat, and a long name' };
    const images = new Float32Array(12 * 4);
    const of = async (count: number) => drawPreview(images, COLOUR, count === 4 ? [TARGET] : [TARGET, other], count);
    const [alike, different] = [await of(4), await of(2)];
    const [first, second] = await Promise.all([alike, different].map((png) => sharp(png).raw().toBuffer()));
    expect(first?.length).toBe(second?.length);
    expect(first?.equals(second ?? Buffer.alloc(0))).toBe(false);
  });

  test('of the largest pictures with the most detail is small enough, too', async () => {
    const large = model({ kind: 'image', shape: [3, 227, 227], preprocessing: { scale: 1 / 255 } });
    let state = 1;
    const noise = Float32Array.from({ length: 16 * 3 * 227 * 227 }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state / 2 ** 32;
    });
    expect((await drawPreview(noise, large, [TARGET], 16)).length).toBeLessThan(128 * 1024);
  });

  test('has the label below it, or the index, or the unit', () => {
    const unit = { layer: 'conv3', channel: 17, position: null };
    expect([
      titleOf(TARGET),
      titleOf({ ...TARGET, label: null }),
      titleOf({ index: null, label: null, unit }),
      titleOf({ index: null, label: null, unit: { ...unit, position: [2, 3] } }),
      titleOf(undefined),
    ]).toEqual(['dog', '1', 'conv3 17', 'conv3 17', '']);
  });
});

describe('a request', () => {
  const written = (body: object) => {
    const parsed = parsePrototype(body);
    const stored: unknown = JSON.parse(JSON.stringify(prototypeJobRequest(parsed, '2')));
    return { parsed, again: parsePrototype(stored) };
  };

  test('that was stored is read back to the same request, of the version that was chosen', () => {
    for (const body of [
      { model: 'a', target: 3 },
      { model: 'a', target: 'all', init: 'noise', optimiser: { name: 'momentum', momentum: 0.5 } },
      { model: 'a', target: { layer: 'conv', channel: 4, position: [1, 2] }, regularisers: { blur: {} } },
      { model: 'a', target: 'cat', render: { size: 'input', format: 'webp' }, include: ['tensor', 'animation'] },
    ]) {
      const { parsed, again } = written(body);
      expect(again).toEqual({ ...parsed, version: '2' });
    }
  });

  test('keeps the bytes of its picture and the bits of its tensor', () => {
    const bytes = Buffer.from([137, 80, 78, 71, 0, 255]);
    const image = written({ model: 'a', target: 0, init: { image: bytes.toString('base64') } }).again.init;
    expect(typeof image === 'object' && Buffer.from(image.image ?? []).equals(bytes)).toBe(true);
    fc.assert(
      fc.property(fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 1 }), (data) => {
        const { init } = written({ model: 'a', target: 0, init: { tensor: { shape: [data.length], data } } }).again;
        expect(typeof init === 'object' && init.tensor).toEqual({
          shape: [data.length],
          data: Float32Array.from(data),
        });
      }),
    );
  });
});
