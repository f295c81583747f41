import { existsSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Folder, temporaryFolder } from './context.ts';
import { run } from './run.ts';

const docker = join(import.meta.dirname, '../../docker');
const HERE = `${process.platform}/${process.arch}`;

let folder: Folder;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(() => folder.remove());

async function write(...names: readonly string[]): Promise<void> {
  for (const name of names) {
    await mkdir(dirname(join(folder.path, name)), { recursive: true });
    await writeFile(join(folder.path, name), '');
  }
}

async function files(): Promise<string[]> {
  const entries = await readdir(join(folder.path, 'node_modules'), { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
}

const binaries = 'node_modules/onnxruntime-node/bin/napi-v6';

describe('docker/trim.sh', () => {
  test('leaves the binaries of this platform and what runs', async () => {
    await write(
      `${binaries}/${HERE}/onnxruntime_binding.node`,
      `${binaries}/${HERE}/library`,
      `${binaries}/${process.platform}/other/onnxruntime_binding.node`,
      `${binaries}/plan9/${process.arch}/onnxruntime_binding.node`,
      'node_modules/a/index.js',
      'node_modules/a/index.js.map',
      'node_modules/a/index.d.ts',
      'node_modules/protobufjs/cli/bin.js',
    );
    expect(await run(join(docker, 'trim.sh'), [folder.path])).toEqual({ status: 0, output: '' });
    expect((await files()).sort()).toEqual(['index.js', 'library', 'onnxruntime_binding.node']);
    expect(existsSync(join(folder.path, binaries, HERE, 'library'))).toBe(true);
    expect(await run(join(docker, 'trim.sh'), [folder.path])).toEqual({ status: 0, output: '' });
  });

  test('stops before it removes anything when there are no binaries for this platform', async () => {
    await write(`${binaries}/plan9/mips/onnxruntime_binding.node`);
    const { status, output } = await run(join(docker, 'trim.sh'), [folder.path]);
    expect({ status, output }).toEqual({ status: 1, output: expect.stringContaining(`no binaries for ${HERE}`) });
    expect(await files()).toEqual(['onnxruntime_binding.node']);
  });

  test('says what it wants when there is no node_modules', async () => {
    expect(await run(join(docker, 'trim.sh'), [folder.path])).toMatchObject({ status: 2 });
  });
});

describe('docker/build.sh', () => {
  test('writes only into an empty folder', async () => {
    await write('something');
    const { status, output } = await run(join(docker, 'build.sh'), [folder.path]);
    expect({ status, output }).toEqual({ status: 2, output: expect.stringContaining('is not empty') });
  });
});

test.each(['build.sh', 'trim.sh', 'tensorflow.sh', 'runtime.sh'])(
  '%s without arguments says how it is used',
  async (name) => {
    const { status, output } = await run(join(docker, name), []);
    expect({ status, output }).toEqual({ status: 2, output: expect.stringContaining(`usage: docker/${name}`) });
  },
);
