import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { measure } from './measure.ts';
import { report } from './report.ts';

const ROOT = join(import.meta.dirname, '..');

if (!existsSync(join(ROOT, 'dist/services/server.js'))) {
  process.stderr.write('bench:explain: there is no dist/: run npm run build first\n');
  process.exit(2);
}
const [loadBefore = 0] = loadavg();
const text = report(await measure(), { command: 'npm run bench:explain', loadBefore });
await mkdir(join(ROOT, 'bench/results'), { recursive: true });
await writeFile(join(ROOT, 'bench/results/explain.md'), text);
process.stdout.write(text);
