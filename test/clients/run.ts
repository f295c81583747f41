import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { startService } from '../integration/runningService.ts';
import { runExamples } from './documentation.ts';
import { run, succeed } from './processes.ts';

const FOLDER = import.meta.dirname;
const USAGE = 'npm run test:clients [-- --venv FOLDER]: a virtual environment of Python to make, or to use again';

const { values } = parseArgs({ options: { venv: { type: 'string' }, help: { type: 'boolean' } } });
if (values.help === true) process.stdout.write(`${USAGE}\n`);
else process.exitCode = await main(values.venv);

/** Runs the clients that others wrote, the examples of docs/clients.md, and requests generated from /openapi.json against the service: Python in a virtual environment of their own. */
async function main(kept: string | undefined): Promise<number> {
  const venv = kept ?? (await mkdtemp(join(tmpdir(), 'elucid-clients-')));
  const python = join(venv, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
  try {
    await succeed(process.env['PYTHON'] ?? 'python3', ['-m', 'venv', venv]);
    await succeed(python, ['-m', 'pip', 'install', '--quiet', '-r', join(FOLDER, 'requirements.txt')]);
    // Generated requests miss often.
    const service = await startService({ MISS_LIMIT: '0' });
    try {
      const clients = await run(python, ['-m', 'unittest', 'discover', '-v', '-s', FOLDER], {
        ELUCID_URL: service.url,
      });
      const failed = await runExamples(service.url, python);
      const generated = await run(join(dirname(python), 'schemathesis'), [
        '--config-file',
        join(FOLDER, 'schemathesis.toml'),
        'run',
        `${service.url}/openapi.json`,
        '--checks=all',
      ]);
      return clients === 0 && failed === 0 && generated === 0 ? 0 : 1;
    } finally {
      await service.stop();
    }
  } finally {
    if (kept === undefined) await rm(venv, { recursive: true, force: true });
  }
}
