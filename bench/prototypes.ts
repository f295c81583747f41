import { writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import type { Picture } from '../models/preprocessing/picture.ts';
import { TensorStore } from '../models/tensors/store.ts';
import { readDigits } from '../training/mnist.ts';
import { drawContactSheet, type SheetRow } from './prototypes/contactSheet.ts';
import { controls } from './prototypes/controls.ts';
import { openRealism, type Realism } from './prototypes/realism.ts';
import { reportPrototypes, type TableRow } from './prototypes/report.ts';
import { type Found, SEARCHES, search } from './prototypes/search.ts';
import { withService, withTemporaryFolder } from './runningService.ts';

const MODELS = ['mnist-mlp', 'mnist-cnn'] as const;

/** Searches of one digit, and of ten at once, that are timed. */
const TIMES = 5;

const { data } = parseArgs({ options: { data: { type: 'string' } } }).values;
if (data === undefined) {
  process.stderr.write('usage: npm run bench:prototypes -- --data DIR, the folder of the four files of MNIST\n');
  process.exit(2);
}
const folder = resolve(data);
const [loadBefore = 0] = loadavg();

const { searched, timings } = await withService(async ({ url }) => {
  const found: { model: string; title: string; found: Found }[] = [];
  for (const model of MODELS) {
    for (const { title, request } of SEARCHES) {
      found.push({ model, title, found: await search(url, { model, target: 'all', ...request }) });
    }
  }
  const timed = async (model: string, target: number | 'all') => {
    const seconds: number[] = [];
    for (let i = 0; i < TIMES; i += 1) {
      seconds.push((await search(url, { model, target, steps: 200, tolerance: 0 })).seconds);
    }
    return seconds.toSorted((a, b) => a - b)[Math.floor(TIMES / 2)] ?? Number.NaN;
  };
  const all = [];
  for (const model of MODELS) all.push({ model, one: await timed(model, 3), ten: await timed(model, 'all') });
  return { searched: found, timings: all };
});

const rows = await withTemporaryFolder(async (directory) => {
  const store = await TensorStore.open(directory);
  const measures = await openRealism(await readDigits(folder, 'train'), store);
  const table: TableRow[] = [];
  for (const { model, title, found } of searched) {
    table.push({ title: `${model}: ${title}`, found, realism: await measures.realism(joined(found)) });
  }
  const kinds = await controls(await readDigits(folder, 't10k'), store);
  const shown = ['test digits', 'class means', 'noise', 'blank'];
  for (const kind of shown) {
    const pictures = kinds[kind];
    if (pictures === undefined) throw new RangeError(`there is no control of kind ${kind}`);
    const realism: Realism = await measures.realism(pictures);
    table.push({ title: `control: ${kind}`, found: null, realism });
  }
  await measures.dispose();
  return table;
});

const sheet: SheetRow[] = [];
for (const { model, title, found } of searched) {
  const pictures = await Promise.all(found.prototypes.map(({ image }) => decoded(image)));
  sheet.push({ title: [model, title], pictures });
}
const text = reportPrototypes(rows, timings, loadBefore);
await writeFile(join(import.meta.dirname, '../docs/figures/prototypes.png'), await drawContactSheet(sheet));
await writeFile(join(import.meta.dirname, 'results/prototypes.md'), text);
process.stdout.write(text);

function joined({ prototypes }: Found): Float32Array {
  const [first] = prototypes;
  const size = first?.values.length ?? 0;
  const all = new Float32Array(prototypes.length * size);
  for (const [row, { values }] of prototypes.entries()) all.set(values, row * size);
  return all;
}

async function decoded(png: Buffer): Promise<Picture> {
  const { data: pixels, info } = await sharp(png)
    .toColourspace('srgb')
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, channels: 3, data: pixels };
}
