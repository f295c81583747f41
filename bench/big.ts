import { mkdir, writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { measureBig } from './big/measureBig.ts';
import { reportBig } from './big/report.ts';

const { values } = parseArgs({ options: { data: { type: 'string' } } });
if (values.data === undefined) {
  process.stderr.write('usage: npm run bench:big -- --data DIR, where DIR holds caffe/, onnx/ and imagenet/\n');
  process.exit(2);
}
const [loadBefore = 0] = loadavg();
const text = reportBig(await measureBig(resolve(values.data)), {
  command: 'npm run bench:big -- --data DIR',
  loadBefore,
});
const results = join(import.meta.dirname, 'results');
await mkdir(results, { recursive: true });
await writeFile(join(results, 'big.md'), text);
process.stdout.write(text);
