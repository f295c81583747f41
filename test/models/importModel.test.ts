import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { importModel } from '../../models/importers/importModel.ts';
import { layerAt } from '../../models/network.ts';
import { loadNetwork } from '../../models/networkStore.ts';
import type { RegisteredFile, RegisteredModel } from '../../models/registry/registeredModel.ts';
import { openRegistry } from '../../models/registry/registry.ts';
import { seal, unseal } from '../../models/tensors/sealed.ts';
import { TensorStore } from '../../models/tensors/store.ts';
import type { ManifestSpec } from '../../schemas/manifest.ts';
import { inMemory, scoresOf } from './forward.ts';
import { imported } from './importedKeras.ts';
import { sha256, temporaryFolder, tinyFiles, tinyManifest, tinyModel, writeFiles } from './modelFolders.ts';

const pixels = [0.1, 0.9, 0.3, 0.5, 0.7, 0.2];

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let store: TensorStore;
beforeEach(async () => {
  folder = await temporaryFolder();
  store = await TensorStore.open(join(folder.path, 'store'));
});
afterEach(() => folder.remove());

async function registered(manifest: ManifestSpec = tinyManifest()): Promise<RegisteredModel> {
  await writeFiles(join(folder.path, 'models', 'tiny'), { ...tinyFiles, 'manifest.json': manifest });
  return (await openRegistry({ zooDir: join(folder.path, 'models'), modelsDir: null })).get(manifest.name);
}

/** The names of the files of a model in the store, and when they were written. */
async function filesOf(model: RegisteredModel): Promise<readonly string[]> {
  return (await readdir(join(store.root, model.id))).sort();
}

test('an imported network is the importer’s, its large weights in the store', async () => {
  const model = await registered();
  const network = await importModel(model, store);
  const expected = scoresOf(await imported(tinyModel), pixels);
  expect(scoresOf(await inMemory(network, store), pixels)).toEqual(expected);
  expect(layerAt(network, 0)).toMatchObject({
    name: 'conv',
    weight: { kind: 'stored', folder: model.id },
    bias: { kind: 'array' },
  });
  expect(await filesOf(model)).toHaveLength(2);
});

test('the second import reads the same network without the weights', async () => {
  const model = await registered();
  const first = await importModel(model, store);
  await rm(join(model.folder, 'weights.bin'));
  expect(await importModel(model, store)).toEqual(first);
  expect(await loadNetwork(model.id, store)).toEqual(first);
});

test('nothing is loaded before anything was imported', async () => {
  expect(await loadNetwork((await registered()).id, store)).toBeNull();
});

test('several imports at once end with the same files', async () => {
  const model = await registered();
  const networks = await Promise.all([1, 2, 3, 4].map(() => importModel(model, store)));
  for (const network of networks) expect(network).toEqual(networks[0]);
  expect(await filesOf(model)).toHaveLength(2);
});

describe('what is damaged in the store is made anew', () => {
  test.each([
    ['a tensor is gone', '.bin', (path: string) => rm(path)],
    ['a tensor is cut short', '.bin', (path: string) => truncate(path, 8)],
    ['the structure is gone', '.json', (path: string) => rm(path)],
    ['the structure is cut short', '.json', (path: string) => truncate(path, 100)],
    ['the structure is of another version', '.json', (path: string) => edit(path, '"version":1', '"version":0')],
    ['a shape is wrong', '.json', (path: string) => edit(path, '"shape":[60,1,1]', '"shape":[60,1,2]')],
    ['a layer reads a later one', '.json', (path: string) => edit(path, '"inputs":[-1]', '"inputs":[1]')],
    ['a bit of the structure is flipped', '.json', (path: string) => flip(path, 200)],
    ['a key leaves the folder', '.json', (path: string) => edit(path, /"key":"[0-9a-f]+"/, '"key":"../x"')],
  ])('when %s', async (_, suffix, damage) => {
    const model = await registered();
    const network = await importModel(model, store);
    const name = (await filesOf(model)).find((file) => file.endsWith(suffix)) ?? '';
    await damage(join(store.root, model.id, name));
    expect(await importModel(model, store)).toEqual(network);
    const expected = scoresOf(await imported(tinyModel), pixels);
    expect(scoresOf(await inMemory(network, store), pixels)).toEqual(expected);
  });
});

/** Changes the text of a sealed file, and seals it again. */
async function edit(path: string, from: string | RegExp, to: string): Promise<void> {
  const text = unseal(await readFile(path)) ?? '';
  if (text.replace(from, to) === text) throw new Error(`${from} is not in the file`);
  await writeFile(path, seal(text.replace(from, to)));
}

async function flip(path: string, at: number): Promise<void> {
  const bytes = await readFile(path);
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  await writeFile(path, bytes);
}

test('files that have changed since the registry read them are refused', async () => {
  const model = await registered();
  const bytes = tinyFiles['weights.bin'].slice();
  bytes[0] = 1;
  await writeFiles(model.folder, { 'weights.bin': bytes });
  await expect(importModel(model, store)).rejects.toThrow(
    'the model tiny 1: the file weights.bin has changed since the models were read; reload them',
  );
});

test('a file that is too large to be read at once is refused, whatever its format', async () => {
  const model = await registered();
  const path = join(model.folder, 'weights.bin');
  await truncate(path, 2 ** 31);
  const weights = [{ name: 'weights.bin', path, bytes: 2 ** 31, sha256: '' }];
  const definition = {
    format: 'layers-model',
    modelTopology: {},
    weightsManifest: [{ paths: ['weights.bin'], weights: [HUGE] }],
  };
  await writeFiles(model.folder, { 'model.json': definition });
  const described = { ...model, weights, definition: await fileOf(join(model.folder, 'model.json')) };
  await expect(importModel(described, store)).rejects.toThrow(
    'the model tiny 1: the file weights.bin has 2147483648 bytes; at most 2147483647 are read',
  );
});

const HUGE = { name: 'w', shape: [2 ** 29], dtype: 'float32' };

async function fileOf(path: string): Promise<RegisteredFile> {
  const bytes = await readFile(path);
  return { name: basename(path), path, bytes: bytes.length, sha256: sha256(bytes) };
}

test('labels that are not as many as the outputs are refused', async () => {
  const model = await registered(tinyManifest({ output: { kind: 'classification', labels: ['a', 'b', 'c'] } }));
  await expect(importModel(model, store)).rejects.toThrow('the model tiny 1: there are 3 labels for 2 outputs');
});
