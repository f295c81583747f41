import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { manifestSchema } from '../../schemas/manifest.ts';
import { runModels } from './cliRun.ts';
import { sha256, temporaryFolder, tinyFiles, tinyManifest, writeFiles } from './modelFolders.ts';

// Every call starts a process.
jest.setTimeout(60_000);

/** The models that the project ships, as `list` shows them. */
const zoo = (await readdir(join(import.meta.dirname, '../../models/zoo')))
  .filter((name) => name !== 'samples')
  .map((name) => `${name} 1 tfjs registered`);

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(() => folder.remove());

describe('help', () => {
  test.each(['check', 'fetch', 'list'])('%s --help prints its usage', async (command) => {
    const { code, out } = await runModels([command, '--help']);
    expect(code).toBe(0);
    expect(out).toContain(`npm run models -- ${command}`);
    expect(out).toContain('--models DIR');
  });

  test('--help names all commands', async () => {
    const { code, out } = await runModels(['--help']);
    expect(code).toBe(0);
    for (const command of ['check', 'fetch', 'list']) expect(out).toContain(command);
  });
});

describe('misuse ends with 2, prints the usage to the error output, and nothing else', () => {
  test.each<[string, string[], RegExp]>([
    ['no command', [], /COMMAND/],
    ['an unknown command', ['chekc'], /unknown command "chekc"/],
    ['an inherited property', ['constructor'], /unknown command "constructor"/],
    ['an unknown flag', ['list', '--modelz', 'x'], /--modelz/],
    ['a flag without its value', ['list', '--models'], /--models/],
    ['a flag of another command', ['list', '--import'], /--import/],
    ['a name too many', ['list', 'tiny'], /"tiny"/],
    ['two names', ['check', 'tiny', 'huge'], /"huge"/],
    ['a size that is none', ['fetch', '--max-bytes', '4GB'], /--max-bytes.*"4GB"/],
    ['a size of nothing', ['fetch', '--max-bytes', '0'], /--max-bytes.*"0"/],
  ])('%s', async (_, args, message) => {
    const { code, out, error } = await runModels(args);
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(error).toMatch(message);
    expect(error).toContain('npm run models -- ');
  });

  test.each(['check', 'fetch'])('%s of a model that is not there', async (command) => {
    const { code, error } = await runModels([command, '--models', folder.path, 'nobody'], { CACHE_DIR: folder.path });
    expect(code).toBe(2);
    expect(error).toContain('"nobody"');
  });
});

test('a folder of models that cannot be read is a fault', async () => {
  const { code, error } = await runModels(['list', '--models', join(folder.path, 'nowhere')]);
  expect(code).toBe(1);
  expect(error).toContain('nowhere cannot be read');
});

describe('list', () => {
  test('shows the shipped models without any setting', async () => {
    const { code, out } = await runModels(['list']);
    expect(code).toBe(0);
    expect(out.split('\n')).toEqual(zoo);
  });

  test.each<[string, string[], (path: string) => Record<string, string>]>([
    ['--models', ['--models'], () => ({})],
    ['MODELS_DIR', [], (path) => ({ MODELS_DIR: path })],
  ])('shows what %s holds, and why a model cannot be used', async (_, flags, environment) => {
    const wrong = { definition: { path: 'model.json' }, weights: { path: 'weights.bin', sha256: '0'.repeat(64) } };
    await writeFiles(folder.path, {
      'a/manifest.json': tinyManifest({ version: '2.1' }),
      'a/model.json': tinyFiles['model.json'],
      'a/weights.bin': tinyFiles['weights.bin'],
      'b/manifest.json': tinyManifest({ name: 'wrong', files: wrong }),
      'b/model.json': tinyFiles['model.json'],
      'b/weights.bin': tinyFiles['weights.bin'],
      'c/manifest.json': '{',
    });
    const args = flags.flatMap((flag) => [flag, folder.path]);
    const { code, out } = await runModels(['list', ...args], environment(folder.path));
    expect(code).toBe(1);
    expect(out.split('\n')).toEqual([
      'c - - failed: manifest.json is not JSON',
      ...zoo,
      'tiny 2.1 tfjs registered',
      `wrong 1 - failed: the sha256 of weights.bin is ${sha256(tinyFiles['weights.bin'])}, but the manifest states ${'0'.repeat(64)}`,
    ]);
  });
});

test('the manifest of CaffeNet in docs/models.md keeps to the schema, and states what the table of addresses does', async () => {
  const text = await readFile(join(import.meta.dirname, '../../docs/models.md'), 'utf8');
  const [, block = ''] = /### fetch[\s\S]*?```json\n([\s\S]*?)```/.exec(text) ?? [];
  const { files } = manifestSchema.parse(JSON.parse(block));
  const [, url, sha1] = /\| `(http\S+caffenet\S+)` \| `([0-9a-f]+)` \|/.exec(text) ?? [];
  expect(files.weights).toEqual({ path: 'bvlc_reference_caffenet.caffemodel', url, sha1 });
});
