import { readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { importModel } from '../../models/importers/importModel.ts';
import { FileHashes } from '../../models/registry/fileHashes.ts';
import { openRegistry } from '../../models/registry/registry.ts';
import { seal, unseal } from '../../models/tensors/sealed.ts';
import { TensorStore } from '../../models/tensors/store.ts';
import { runModels } from './cliRun.ts';
import { sha256, temporaryFolder, tinyFiles, tinyManifest, writeFiles } from './modelFolders.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let models: string;
let cache: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  [models, cache] = [join(folder.path, 'models'), join(folder.path, 'cache')];
  await writeFiles(join(models, 'tiny'), { ...tinyFiles, 'manifest.json': tinyManifest() });
});
afterEach(() => folder.remove());

function check(...args: string[]) {
  return runModels(['check', '--models', models, ...args], { CACHE_DIR: cache });
}

/** Imports the tiny model into the tensor store: the path of its folder there. */
async function importTiny(): Promise<string> {
  const model = (await openRegistry({ zooDir: models, modelsDir: null })).get('tiny');
  const { id } = await importModel(model, await TensorStore.open(cache));
  return join(cache, id);
}

/** The weights of the layer `conv`, 60·2·3 values: the one tensor that is large enough for a file. */
async function tensorIn(network: string): Promise<string> {
  const [name = ''] = (await readdir(network)).filter((file) => file.endsWith('.bin'));
  return join(network, name);
}

async function flipBit(path: string): Promise<void> {
  const bytes = await readFile(path);
  bytes[5] = (bytes[5] ?? 0) ^ 1;
  await writeFile(path, bytes);
}

test('of a sound model alone says what was read', async () => {
  const { code, out } = await check('tiny');
  const bytes = JSON.stringify(tinyFiles['model.json']).length + tinyFiles['weights.bin'].byteLength;
  expect(code).toBe(0);
  expect(out.split('\n')).toEqual([
    `tiny 1: 2 files, ${bytes} bytes, no checksum is stated of model.json`,
    'tensor store: 0 networks, all whole',
    'all is well',
  ]);
});

test('without a name covers the shipped models too', async () => {
  const { code, out } = await check();
  expect(code).toBe(0);
  expect(out).toMatch(/^mnist-cnn 1: 2 files, \d+ bytes, checksums match$/m);
  expect(out).toMatch(/^tiny 1: /m);
});

test('finds a changed file whose old hash is remembered', async () => {
  const path = join(models, 'tiny', 'weights.bin');
  await utimes(path, 1e9, 1e9);
  const later = () => Date.now() + 60_000;
  const remembering = await FileHashes.open(cache, { now: later });
  await openRegistry({ zooDir: models, modelsDir: null }, remembering);
  await flipBit(path);
  await utimes(path, 1e9, 1e9);
  await forgeStamp(path);
  const trusting = await openRegistry({ zooDir: models, modelsDir: null }, await FileHashes.open(cache));
  expect(trusting.list()[0]?.state).toBe('registered');

  const { code, out } = await check('tiny');
  expect(code).toBe(1);
  expect(out).toContain(`the sha256 of weights.bin is ${sha256(await readFile(path))}, but the manifest states `);
  expect(out).toContain(sha256(tinyFiles['weights.bin']));
  expect(out).toMatch(/^1 fault$/m);
});

/** Makes what is remembered of a file fit the file's present times, as if its content had changed without them. */
async function forgeStamp(path: string): Promise<void> {
  const memory = join(cache, 'hashes.json');
  const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
  const remembered = JSON.parse(unseal(await readFile(memory)) ?? '');
  for (const [file, hashes] of remembered.files) {
    if (file.endsWith('weights.bin')) hashes.stamp = [dev, ino, size, mtimeNs, ctimeNs].join(' ');
  }
  await writeFile(memory, seal(JSON.stringify(remembered)));
}

test('imports nothing without --import', async () => {
  await writeFile(join(models, 'tiny', 'model.json'), '{"format": "layers-model"}');
  const { code } = await check('tiny');
  expect(code).toBe(0);
  expect(await readdir(cache)).toEqual(['hashes.json']);
});

test('--import counts layers and parameters, and leaves the tensor store alone', async () => {
  const { code, out } = await check('tiny', '--import');
  // conv 60·(2·3·1) + 60, end 2·60 + 2; a convolution, its relu, flatten and the dense layer.
  expect(out).toMatch(/^tiny 1: imports, 4 layers, 542 parameters$/m);
  expect(code).toBe(0);
  expect(await readdir(cache)).toEqual(['hashes.json']);
});

test('--import tells why a model cannot be imported, though the tensor store holds it', async () => {
  await importTiny();
  const output = { kind: 'classification' as const, labels: ['one', 'two', 'three'] };
  await writeFiles(join(models, 'tiny'), { 'manifest.json': tinyManifest({ output }) });
  const { code, out } = await check('tiny', '--import');
  expect(code).toBe(1);
  expect(out).toContain('tiny 1: FAULT: the model tiny 1: there are 3 labels for 2 outputs');
});

describe('a damaged tensor', () => {
  test('is removed with what may be derived from it, and made anew', async () => {
    const network = await importTiny();
    const path = await tensorIn(network);
    const whole = await readFile(path);
    await flipBit(path);
    await writeFiles(network, { 'graph-1.onnx': 'compiled from it' });

    const { code, out } = await check();
    expect(code).toBe(1);
    expect(out).toMatch(/^tensor store, tiny 1: FAULT: [0-9a-f]{64}\.bin was damaged and is removed$/m);
    expect(await readdir(network)).toEqual(['network.json']);

    await importTiny();
    expect(await readFile(path)).toEqual(whole);
    expect((await check()).code).toBe(0);
  });

  test('of a network that no model has any more is found without a name only', async () => {
    const network = await importTiny();
    await flipBit(await tensorIn(network));
    const input = { kind: 'tensor' as const, shape: [1, 2, 3] };
    await writeFiles(join(models, 'tiny'), {
      'manifest.json': tinyManifest({ input, output: { kind: 'classification', layer: 'end' } }),
    });
    expect((await check('tiny')).code).toBe(0);
    const { code, out } = await check();
    expect(code).toBe(1);
    expect(out).toContain('(of no model here): FAULT');
  });
});
