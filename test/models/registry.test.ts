import { createHash } from 'node:crypto';
import { rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { openRegistry, type RegistrySnapshot } from '../../models/registry/registry.ts';
import { compareVersions } from '../../models/registry/versions.ts';
import { encodeNpy } from '../../models/tensors/npy.ts';
import { arrayTensor } from '../../models/tensors/tensor.ts';
import { modelNameSchema, modelPathSchema } from '../../schemas/manifest.ts';
import { sha256, temporaryFolder, tinyFiles, tinyManifest, writeFiles } from './modelFolders.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(() => folder.remove());

/** Writes model folders, each with the tiny network's files, and reads them. */
async function opened(folders: Readonly<Record<string, Readonly<Record<string, unknown>>>>): Promise<RegistrySnapshot> {
  for (const [name, files] of Object.entries(folders))
    await writeFiles(join(folder.path, name), { ...tinyFiles, ...files });
  return openRegistry({ zooDir: folder.path, modelsDir: null });
}

/** Why the only folder is no model. */
async function reasonOf(files: Readonly<Record<string, unknown>>): Promise<string> {
  const [entry] = (await opened({ tiny: files })).list();
  if (entry?.state !== 'failed') throw new Error(`the model is ${entry?.state ?? 'missing'}`);
  return entry.reason;
}

test('a model is known with everything its manifest says', async () => {
  const registry = await opened({
    tiny: {
      'manifest.json': tinyManifest({
        output: { kind: 'classification', labels: 'labels.txt' },
        companions: { density: 'rbm', classMeans: 'means.npy' },
      }),
      'labels.txt': 'cat, tabby\r\ndog\r\n',
      'means.npy': encodeNpy(arrayTensor([2, 1, 2, 3], new Float32Array(12))),
    },
  });
  const model = registry.get('tiny');
  expect(model.labels).toEqual(['cat, tabby', 'dog']);
  expect(model.box).toEqual({ low: 0, high: 1 });
  expect(model.sha256).toBe(sha256(tinyFiles['weights.bin']));
  expect(model.id).toMatch(/^[0-9a-f]{64}$/);
  expect(model.companions).toEqual({
    density: 'rbm',
    generator: null,
    codeRange: null,
    classMeans: join(model.folder, 'means.npy'),
  });
  expect(model.manifest.input).toMatchObject({ preprocessing: { crop: 'centre', mean: [0], invert: false } });
});

describe('the identity of a model', () => {
  test('is the same for the same content, and another for another network', async () => {
    const output = { kind: 'classification' as const, layer: 'end', labels: ['cat', 'dog'] };
    const registry = await opened({
      a: { 'manifest.json': tinyManifest() },
      b: { 'manifest.json': tinyManifest({ name: 'b', title: 'The same network.' }) },
      c: { 'manifest.json': tinyManifest({ name: 'c', output }) },
      d: {
        'manifest.json': tinyManifest({ name: 'd' }),
        'model.json': JSON.stringify(tinyFiles['model.json'], null, 1),
      },
    });
    const [tiny, b, c, d] = ['tiny', 'b', 'c', 'd'].map((name) => registry.get(name).id);
    expect(b).toBe(tiny);
    expect(new Set([b, c, d]).size).toBe(3);
  });

  test('of a list of weights is the hash of all of them', async () => {
    const whole = tinyFiles['weights.bin'];
    const weights = [{ path: 'a.bin' }, { path: 'b.bin' }];
    const registry = await opened({
      tiny: {
        'manifest.json': tinyManifest({ files: { definition: { path: 'model.json' }, weights } }),
        'a.bin': whole.subarray(0, 10),
        'b.bin': whole.subarray(10),
      },
    });
    expect(registry.get('tiny').sha256).toBe(sha256(whole));
  });
});

describe('versions', () => {
  test('are compared as numbers where they are', () => {
    const ordered = ['1', '1.2', '1.2-beta', '1.10', '2', '10', 'a', 'b'];
    expect([...ordered].reverse().sort(compareVersions)).toEqual(ordered);
  });

  test('stand side by side, and the highest is the default', async () => {
    const registry = await opened({
      old: { 'manifest.json': tinyManifest({ version: '9' }) },
      new: { 'manifest.json': tinyManifest({ version: '10' }) },
    });
    expect(registry.get('tiny').manifest.version).toBe('10');
    expect(registry.get('tiny', '9').manifest.version).toBe('9');
    expect(() => registry.get('tiny', '3')).toThrow('the model tiny has no version "3"; available: 10, 9');
  });

  test('that exist twice are refused the second time', async () => {
    const registry = await opened({ a: { 'manifest.json': tinyManifest() }, b: { 'manifest.json': tinyManifest() } });
    expect(registry.list().map(({ state }) => state)).toEqual(['registered', 'failed']);
  });
});

describe('a name', () => {
  test.each(['../tiny', '..', 'a/b', 'a\\b', 'tiny\0', '__proto__', 'constructor', '', 'TINY', 'x'.repeat(500)])(
    '%j finds nothing, and the answer tells what there is',
    async (name) => {
      const registry = await opened({ tiny: { 'manifest.json': tinyManifest() } });
      expect(() => registry.get(name)).toThrow(expect.objectContaining({ code: 'unknown-model' }));
      expect(() => registry.get(name)).toThrow(/available: tiny$/);
    },
  );

  test.each(['a--b', '', 'a b', 'a/b', '..', 'é', 'x'.repeat(65)])('%j is not allowed in a manifest', (name) => {
    expect(modelNameSchema.safeParse(name).success).toBe(false);
  });
});

describe('a path', () => {
  test.each(['../x', 'a/../x', '/x', 'a//x', './x', 'a\\x', 'C:x', 'x\0', '', 'a/'])('%j is not allowed', (path) => {
    expect(modelPathSchema.safeParse(path).success).toBe(false);
  });

  test.each(['x', 'a/x.bin', 'a..b', 'group1-shard1of2.bin'])('%j is allowed', (path) => {
    expect(modelPathSchema.safeParse(path).success).toBe(true);
  });
});

describe('a folder is no model', () => {
  const broken = { 'manifest.json': '{"name": "tiny", "version": ' };

  test('when its manifest is broken; the others are still there', async () => {
    const registry = await opened({ broken, good: { 'manifest.json': tinyManifest() }, 'no-model': {} });
    expect(registry.get('tiny').manifest.name).toBe('tiny');
    expect(registry.list()).toContainEqual({
      state: 'failed',
      name: 'broken',
      version: null,
      reason: 'manifest.json is not JSON',
    });
    expect(() => registry.get('broken')).toThrow(expect.objectContaining({ code: 'model-failed' }));
  });

  test('when its manifest breaks the schema: every fault is named', async () => {
    const reason = await reasonOf({ 'manifest.json': { ...tinyManifest(), name: 'a b', format: 'h5', extra: 1 } });
    for (const part of ['name: must be', 'format: ', 'extra']) expect(reason).toContain(part);
  });

  test('when a file is missing, or is a folder', async () => {
    const manifest = tinyManifest();
    const missing = { ...manifest, files: { ...manifest.files, weights: { path: 'nothing.bin' } } };
    expect(await reasonOf({ 'manifest.json': missing })).toBe('the file nothing.bin does not exist');
    const directory = { ...manifest, files: { ...manifest.files, weights: { path: 'sub' } } };
    expect(await reasonOf({ 'manifest.json': directory, 'sub/x': '' })).toBe('sub is not a file');
  });

  test('when a file has another checksum', async () => {
    const bytes = tinyFiles['weights.bin'].slice();
    bytes[0] = 255;
    expect(await reasonOf({ 'manifest.json': tinyManifest(), 'weights.bin': bytes })).toBe(
      `the sha256 of weights.bin is ${sha256(bytes)}, but the manifest states ${sha256(tinyFiles['weights.bin'])}`,
    );
    const definition = { path: 'model.json', sha1: '0'.repeat(40) };
    const files = { definition, weights: { path: 'weights.bin' } };
    const sha1 = createHash('sha1').update(JSON.stringify(tinyFiles['model.json'])).digest('hex');
    expect(await reasonOf({ 'manifest.json': tinyManifest({ files }) })).toContain(`the sha1 of model.json is ${sha1}`);
  });

  test('when a link leads out of it', async () => {
    await writeFiles(folder.path, { 'secret.bin': tinyFiles['weights.bin'] });
    await writeFiles(join(folder.path, 'tiny'), { 'manifest.json': tinyManifest(), 'model.json': '{}' });
    await symlink('../secret.bin', join(folder.path, 'tiny', 'weights.bin'));
    const registry = await openRegistry({ zooDir: folder.path, modelsDir: null });
    expect(registry.list()).toMatchObject([{ reason: "the file weights.bin leaves the model's folder" }]);
  });

  test.each([
    [{ box: [0, 0.5] }, 'input.box [0, 0.5] does not contain what pixels become, [0, 1] in channel 0'],
    [{ box: [1, 0] }, 'input.box: the smallest value 1 is not below the largest 0'],
    [{ box: [[0, 0], 1] }, 'input.box has 2 entries for 1 channels; allowed: one number, or one per channel'],
    [{ preprocessing: { colour: 'rgb' } }, 'input.preprocessing: colour rgb needs 3 channels, the input has 1'],
    [{ preprocessing: { mean: 'mean.npy' } }, 'the file mean.npy does not exist'],
  ] as const)('when its input says %j', async (input, reason) => {
    const manifest = {
      ...tinyManifest(),
      input: { kind: 'image', shape: [1, 2, 3], preprocessing: { scale: 1 / 255 }, ...input },
    };
    expect(await reasonOf({ 'manifest.json': manifest })).toBe(reason);
  });

  test('when a line of its labels is empty', async () => {
    const manifest = tinyManifest({ output: { kind: 'classification', labels: 'labels.txt' } });
    expect(await reasonOf({ 'manifest.json': manifest, 'labels.txt': 'cat\n\ndog\n' })).toBe(
      'line 2 of labels.txt is empty; there must be one label per line',
    );
  });
});

describe('the box', () => {
  test('of a mean image is one per pixel', async () => {
    const mean = encodeNpy(arrayTensor([1, 2, 3], new Float32Array([0, 0.1, 0.2, 0.3, 0.4, 0.5])));
    const input = { kind: 'image', shape: [1, 2, 3], preprocessing: { scale: 1 / 255, mean: 'mean.npy' } } as const;
    const registry = await opened({
      tiny: { 'manifest.json': tinyManifest({ input: { ...input, shape: [1, 2, 3] } }), 'mean.npy': mean },
    });
    const { box, meanImage } = registry.get('tiny');
    expect(meanImage).toHaveLength(6);
    expect(box?.low).toHaveLength(6);
  });

  test('may be larger than what pixels become, and a tensor may have none', async () => {
    const registry = await opened({
      a: {
        'manifest.json': tinyManifest({
          input: { kind: 'image', shape: [1, 2, 3], preprocessing: { scale: 1 / 255 }, box: [[-1], 2] },
        }),
      },
      b: { 'manifest.json': tinyManifest({ name: 'b', input: { kind: 'tensor', shape: [1, 2, 3] } }) },
    });
    expect(registry.get('tiny').box).toEqual({ low: [-1], high: 2 });
    expect(registry.get('b').box).toBeNull();
  });
});

test('reading the folders again leaves the old snapshot as it was', async () => {
  const old = await opened({ tiny: { 'manifest.json': tinyManifest() } });
  await writeFiles(join(folder.path, 'other'), { ...tinyFiles, 'manifest.json': tinyManifest({ name: 'other' }) });
  await rm(join(folder.path, 'tiny'), { recursive: true });
  const renewed = await old.reload();
  expect(old.get('tiny').manifest.name).toBe('tiny');
  expect(renewed.get('other').manifest.name).toBe('other');
  expect(() => renewed.get('tiny')).toThrow('there is no model "tiny"; available: other');
});

test('a folder of models that does not exist stops the start', async () => {
  const modelsDir = join(folder.path, 'nowhere');
  await expect(openRegistry({ zooDir: folder.path, modelsDir })).rejects.toThrow(
    `the folder of models ${modelsDir} cannot be read`,
  );
});
