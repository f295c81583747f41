import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FileHashes, HASHES_FILE } from '../../models/registry/fileHashes.ts';
import { LiveRegistry, modelsOf } from '../../models/registry/liveRegistry.ts';
import { openRegistry } from '../../models/registry/registry.ts';
import { encodeNpy } from '../../models/tensors/npy.ts';
import { arrayTensor } from '../../models/tensors/tensor.ts';
import type { ManifestSpec } from '../../schemas/manifest.ts';
import { sha256, temporaryFolder, tinyFiles, tinyManifest, writeFiles } from './modelFolders.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(() => folder.remove());

const write = (name: string, files: Readonly<Record<string, unknown>>) => writeFiles(join(folder.path, name), files);
const model = (changes: Partial<ManifestSpec> = {}) => ({ ...tinyFiles, 'manifest.json': tinyManifest(changes) });

async function opened(): Promise<LiveRegistry> {
  return new LiveRegistry(await openRegistry({ zooDir: folder.path, modelsDir: null }));
}

test('a reload tells what was added, removed, changed and failed', async () => {
  for (const name of ['stays', 'goes', 'changes']) await write(name, model({ name }));
  await write('versions', model({ name: 'versions' }));
  const registry = await opened();
  const before = registry.get('changes');
  await rm(join(folder.path, 'goes'), { recursive: true });
  await write('changes', model({ name: 'changes', output: { kind: 'classification', labels: ['cow', 'dog'] } }));
  await write('new', model({ name: 'new' }));
  await write('versions-2', model({ name: 'versions', version: '2' }));
  await write('broken', { 'manifest.json': '{' });
  expect(await registry.reload()).toEqual({
    added: [
      { name: 'new', version: '1' },
      { name: 'versions', version: '2' },
    ],
    changed: [{ name: 'changes', version: '1' }],
    removed: [{ name: 'goes', version: '1' }],
    unchanged: [
      { name: 'stays', version: '1' },
      { name: 'versions', version: '1' },
    ],
    failed: [{ name: 'broken', version: null, reason: 'manifest.json is not JSON' }],
  });
  expect(registry.get('versions').manifest.version).toBe('2');
  expect(registry.get('versions', '1').manifest.version).toBe('1');
  expect(() => registry.get('goes')).toThrow('there is no model "goes"');
  expect(before.labels).toEqual(['cat', 'dog']);
  expect(registry.get('changes').labels).toEqual(['cow', 'dog']);
});

test('files of a model that is distrusted are hashed anew, although they look unchanged', async () => {
  const cache = join(folder.path, '.cache');
  await write('tiny', model());
  const hashes = await FileHashes.open(cache, { now: () => Date.now() + 3000 });
  await openRegistry({ zooDir: folder.path, modelsDir: null }, hashes);
  await misremember(join(cache, HASHES_FILE));
  const registry = new LiveRegistry(
    await openRegistry({ zooDir: folder.path, modelsDir: null }, await FileHashes.open(cache)),
  );
  const { definition, id } = registry.get('tiny');
  expect(definition?.sha256).toBe(WRONG);
  expect((await registry.reload()).unchanged).toHaveLength(1);
  registry.distrust(registry.get('tiny'));
  expect((await registry.reload()).changed).toEqual([{ name: 'tiny', version: '1' }]);
  expect(registry.get('tiny').id).not.toBe(id);
  expect(registry.get('tiny').definition?.sha256).toBe(sha256(JSON.stringify(tinyFiles['model.json'])));
});

const WRONG = 'f'.repeat(64);

/** As if model.json had rotted since, without a trace in its size and times. */
async function misremember(memory: string): Promise<void> {
  const [, text = ''] = (await readFile(memory, 'utf8')).split('\n');
  const changed = text.replaceAll(sha256(JSON.stringify(tinyFiles['model.json'])), WRONG);
  expect(changed).not.toBe(text);
  await writeFile(memory, `${sha256(changed)}\n${changed}`);
}

test.each<[string, Readonly<Record<string, unknown>>]>([
  ['class means', { 'means.npy': encodeNpy(arrayTensor([2, 1, 2, 3], new Float32Array(12).fill(0.5))) }],
  ['labels', { 'labels.txt': 'cow\ndog\n' }],
  ['definition', { 'model.json': JSON.stringify(tinyFiles['model.json'], null, 1) }],
])('other %s are a change', async (_, files) => {
  const manifest = tinyManifest({
    output: { kind: 'classification', labels: 'labels.txt' },
    companions: { classMeans: 'means.npy' },
  });
  const means = encodeNpy(arrayTensor([2, 1, 2, 3], new Float32Array(12)));
  await write('tiny', { ...tinyFiles, 'manifest.json': manifest, 'labels.txt': 'cat\ndog\n', 'means.npy': means });
  const registry = await opened();
  expect((await registry.reload()).unchanged).toHaveLength(1);
  await write('tiny', files);
  expect((await registry.reload()).changed).toEqual([{ name: 'tiny', version: '1' }]);
});

test('reloads at the same time all see what was there when they were asked', async () => {
  await write('a', model({ name: 'a' }));
  const registry = await opened();
  const first = registry.reload();
  await write('b', model({ name: 'b' }));
  const others = [registry.reload(), registry.reload()];
  await first;
  await Promise.all(others);
  expect(modelsOf(registry).map(({ manifest }) => manifest.name)).toEqual(['a', 'b']);
});

test('a folder that cannot be read changes nothing, and the next reload works', async () => {
  await write('models/a', model({ name: 'a' }));
  const root = join(folder.path, 'models');
  const registry = new LiveRegistry(await openRegistry({ zooDir: root, modelsDir: null }));
  await rm(root, { recursive: true });
  await expect(registry.reload()).rejects.toThrow('cannot be read');
  expect(registry.get('a').manifest.name).toBe('a');
  await write('models/b', model({ name: 'b' }));
  expect(await registry.reload()).toMatchObject({ added: [{ name: 'b' }], removed: [{ name: 'a' }] });
});

test('a folder that is deleted while it is read is a model that is not there, or cannot be used', async () => {
  await write('stays', model({ name: 'stays' }));
  const registry = await opened();
  for (let turn = 0; turn < 150; turn += 1) {
    await write('goes', model({ name: 'goes' }));
    const reloaded = registry.reload();
    // At another moment of the reload each time.
    for (let moment = 0; moment < turn % 50; moment += 1) await new Promise(setImmediate);
    await rm(join(folder.path, 'goes'), { recursive: true });
    await reloaded;
    expect(registry.get('stays').manifest.name).toBe('stays');
  }
});
