import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { TensorStore } from '../models/tensors/store.ts';
import { type Digits, readDigits } from '../training/mnist.ts';
import { areaUnderCurve } from '../training/realism/areaUnderCurve.ts';
import { controls } from './prototypes/controls.ts';
import { openRealism, type Realism } from './prototypes/realism.ts';

const USAGE = 'usage: npm run bench:realism -- --data FOLDER, the folder of the four files of MNIST';

/** The measures, what they are called here, and whether more of them is more real. */
const MEASURES: readonly (readonly [keyof Realism, string, 1 | -1])[] = [
  ['logDensity', 'log density under `mnist-rbm-b`, nats', 1],
  ['distance', 'distance to the nearest training digit', -1],
  ['logOdds', 'log odds by `mnist-realism`, nats', 1],
];

const { data } = parseArgs({ options: { data: { type: 'string' } } }).values;
if (data === undefined) throw new Error(USAGE);
const directory = await mkdtemp(join(tmpdir(), 'elucid-bench-'));
try {
  const store = await TensorStore.open(directory);
  const text = await report(await readDigits(data, 'train'), await readDigits(data, 't10k'), store);
  await writeFile(join(import.meta.dirname, 'results/realism.md'), text);
  process.stdout.write(text);
} finally {
  await rm(directory, { recursive: true, force: true });
}

async function report(training: Digits, test: Digits, store: TensorStore): Promise<string> {
  const measures = await openRealism(training, store);
  const measured: (readonly [string, Realism])[] = [];
  for (const [kind, pictures] of Object.entries(await controls(test, store))) {
    measured.push([kind, await measures.realism(pictures)]);
  }
  await measures.dispose();
  const [real, ...others] = measured;
  if (real === undefined) throw new RangeError('there are no real digits to compare with');
  const cells = ([kind, own]: readonly [string, Realism]) => [
    kind,
    `${own.distance.length}`,
    ...MEASURES.flatMap(([name, , sign]) => {
      const area = areaUnderCurve(
        real[1][name].map((value) => sign * value),
        own[name].map((value) => sign * value),
      );
      return [median(own[name]).toFixed(2), own === real[1] ? '' : area.toFixed(3)];
    }),
  ];
  return [
    '# Measures of realism, and their controls',
    '',
    '`npm run bench:realism -- --data FOLDER`. For every kind of picture the median of each measure, and the share of pairs of a',
    'test digit and such a picture in which the digit is the more real one (area under the curve; 1: always). A measure',
    'may be used to claim an order only if it ranks real digits above blank, noise and class means.',
    '',
    row(['pictures', 'count', ...MEASURES.flatMap(([, title]) => [title, 'digit above'])]),
    row(['---', '---:', ...MEASURES.flatMap(() => ['---:', '---:'])]),
    ...[real, ...others].map((one) => row(cells(one))),
    '',
  ].join('\n');
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function median(values: Float32Array): number {
  const sorted = values.toSorted();
  return ((sorted[(sorted.length - 1) >> 1] ?? 0) + (sorted[sorted.length >> 1] ?? 0)) / 2;
}
