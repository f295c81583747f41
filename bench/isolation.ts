import { mkdir, writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { measureLarge } from './isolation/large.ts';
import { measureIsolation } from './isolation/measure.ts';
import { reportIsolation } from './isolation/report.ts';

const { data } = parseArgs({ options: { data: { type: 'string' } } }).values;
const [loadBefore = 0] = loadavg();
const isolation = await measureIsolation();
const large = data === undefined ? null : await measureLarge(resolve(data));
const text = reportIsolation({ isolation, large, loadBefore });
const results = join(import.meta.dirname, 'results');
await mkdir(results, { recursive: true });
await writeFile(join(results, 'isolation.md'), text);
process.stdout.write(text);
