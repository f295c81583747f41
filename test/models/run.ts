import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const USAGE = 'usage: npm run test:models -- --data DIR [file patterns], where DIR/mnist holds the files of MNIST';

/** Runs the tests that need data which is not part of the project, and returns their exit status. */
function runTests(): number {
  const { values, positionals } = parseArgs({ options: { data: { type: 'string' } }, allowPositionals: true });
  if (values.data === undefined) throw new Error(USAGE);
  const data = resolve(values.data);
  if (!existsSync(join(data, 'mnist'))) throw new Error(`there is no folder ${join(data, 'mnist')}\n${USAGE}`);
  const jest = join(import.meta.dirname, '../../node_modules/jest/bin/jest.js');
  const node = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', jest];
  const { status } = spawnSync(
    process.execPath,
    [...node, '--selectProjects', 'models', '--runInBand', ...positionals],
    {
      stdio: 'inherit',
      env: { ...process.env, ELUCID_TEST_DATA: data },
    },
  );
  return status ?? 1;
}

try {
  process.exitCode = runTests();
} catch (error) {
  process.stderr.write(`test:models: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
