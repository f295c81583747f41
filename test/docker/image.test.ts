import { existsSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type RunningService, startService } from '../../bench/runningService.ts';
import { buildContext, type Folder, temporaryFolder } from './context.ts';
import { run } from './run.ts';

const root = join(import.meta.dirname, '../..');
const DIGIT = join(root, 'models/zoo/samples/4.png');

let folder: Folder;
let app: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  app = join(folder.path, 'app');
  await buildContext(join(folder.path, 'source'));
  const { status, output } = await run(join(folder.path, 'source/docker/build.sh'), [app]);
  if (status !== 0) throw new Error(`docker/build.sh ended with status ${status}\n${output}`);
}, 300_000);
afterAll(() => folder.remove());

/** Every file with its size and the time of its last change. */
async function listing(path: string): Promise<string[]> {
  const entries = await readdir(path, { recursive: true });
  return Promise.all(
    entries.sort().map(async (name) => {
      const { size, mtimeMs } = await stat(join(path, name));
      return `${name} ${size} ${mtimeMs}`;
    }),
  );
}

async function bytesIn(path: string): Promise<number> {
  const entries = await readdir(path, { recursive: true });
  const sizes = await Promise.all(entries.map(async (name) => (await stat(join(path, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

describe('the folder that the image holds', () => {
  test('has the binaries of this platform and no others', async () => {
    const [version = ''] = await readdir(join(app, 'node_modules/onnxruntime-node/bin'));
    const binaries = join(app, 'node_modules/onnxruntime-node/bin', version);
    expect(await readdir(binaries)).toEqual([process.platform]);
    expect(await readdir(join(binaries, process.platform))).toEqual([process.arch]);
  });

  test('has no development dependencies, no sources and less than 200 MB', async () => {
    for (const name of ['typescript', 'jest', '@biomejs', 'autocannon']) {
      expect(existsSync(join(app, 'node_modules', name))).toBe(false);
    }
    expect((await readdir(app)).sort()).toEqual(
      ['.npmrc', 'LICENSE', 'dist', 'docker', 'models', 'node_modules', 'package-lock.json', 'package.json'].sort(),
    );
    expect(await bytesIn(app)).toBeLessThan(200e6);
  });
});

describe.each([
  ['onnx', 'onnx/cpu'],
  ['tensorflow', 'tensorflow/'],
])('the service started from there, with the engine %s', (engine, name) => {
  let service: RunningService;
  let before: readonly string[];
  beforeAll(async () => {
    before = await listing(app);
    const cacheDir = join(folder.path, `cache-${engine}`);
    service = await startService({ cacheDir, home: app, environment: { ENGINE: engine, NODE_OPTIONS: '' } });
  }, 60_000);
  afterAll(() => service.stop());

  test('passes the health check of the image', async () => {
    const { port } = new URL(service.url);
    const check = join(app, 'docker/healthcheck.mjs');
    expect(await run(process.execPath, [check], { PORT: port })).toEqual({ status: 0, output: '' });
  }, 20_000);

  test('explains a digit', async () => {
    const image = (await readFile(DIGIT)).toString('base64');
    const answer = await fetch(`${service.url}/explain`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'mnist-cnn', input: { image } }),
    });
    expect(await answer.json()).toMatchObject({ engine: expect.stringContaining(name), prediction: { label: '4' } });
  }, 20_000);

  test('writes nothing beside its cache, so that the image may be read-only', async () => {
    expect(await listing(app)).toEqual(before);
  });
});
