import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { LiveRegistry, modelsOf } from '../../models/registry/liveRegistry.ts';
import { openRegistry } from '../../models/registry/registry.ts';
import { encodeNpy } from '../../models/tensors/npy.ts';
import { arrayTensor } from '../../models/tensors/tensor.ts';
import type { ManifestSpec } from '../../schemas/manifest.ts';
import { temporaryFolder, tinyFiles, tinyManifest, writeFiles } from './modelFolders.ts';

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
