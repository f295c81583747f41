import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { importModel } from '../models/importers/importModel.ts';
import type { Network } from '../models/network.ts';
import type { Box } from '../models/preprocessing/pixels.ts';
import { openRegistry } from '../models/registry/registry.ts';
import { TensorStore } from '../models/tensors/store.ts';
import { arrayTensor } from '../models/tensors/tensor.ts';
import type { Engine } from '../services/engine/engine.ts';
import { createOnnxEngine } from '../services/engine/onnx/engine.ts';
import { createTensorflowEngine } from '../services/engine/tensorflow/engine.ts';
import { planExplanation } from '../services/explanation/methods/index.ts';
import { caffeNet } from './caffenet.ts';
import { MANY, SINGLE, type Timing, timeMethods } from './methodRuns.ts';
import { operationTimes } from './operationTimes.ts';

const ROOT = join(import.meta.dirname, '..');
/** Limits that the project sets itself, as multiples of forward: CaffeNet on the onnx engine, batch 1 and 8. */
const LIMITS: Readonly<Record<string, string>> = {
  'deep-taylor': '3.3 / 3.2',
  'lrp epsilon-plus': '3.3',
  'lrp epsilon-gamma-box': '5',
  'lrp alpha2-beta1': '4.5',
};

type Subject = { readonly network: Network; readonly box: Box | null };

const directory = await mkdtemp(join(tmpdir(), 'elucid-bench-'));
try {
  const [loadBefore = 0] = loadavg();
  const store = await TensorStore.open(directory);
  const text = await report(store, loadBefore);
  await writeFile(join(ROOT, 'bench/results/methods.md'), text);
  process.stdout.write(text);
} finally {
  await rm(directory, { recursive: true, force: true });
}

async function report(store: TensorStore, loadBefore: number): Promise<string> {
  const digit = await digitNetwork(store);
  const photograph: Subject = { network: await caffeNet(store), box: { low: -128, high: 128 } };
  const threads = availableParallelism();
  const one = createOnnxEngine({ store, threads: 1 });
  const all = createOnnxEngine({ store, threads });
  const [alone = 0, together = 0] = [
    await memoryOfDeepTaylor(store.root, photograph.network.id, 1),
    await memoryOfDeepTaylor(store.root, photograph.network.id, 8),
  ];
  const parts = [
    '# Methods, as multiples of the forward pass',
    introduction(loadBefore),
    '## CaffeNet, random weights, onnx',
    `${threads} threads. Limits: multiples of forward that the project sets itself, at batch 1 / 8.`,
    table(
      await batches(all, photograph, SINGLE, [
        [1, 9],
        [8, 5],
        [64, 1],
      ]),
      LIMITS,
    ),
    `Memory of a process with deep Taylor compiled and run, mapped weights included: ${alone.toFixed(0)} MiB PSS at batch 1, ${together.toFixed(0)} at batch 8. The limit is 900 MB for all processes of the service; beside this one, the HTTP and the ingest process took 110 and 44 MiB PSS after 60 pictures on mnist-cnn.`,
    '### Where the time of deep Taylor goes',
    'Milliseconds by operation of ONNX Runtime, one thread.',
    await profiles(store, photograph),
    '## mnist-cnn, onnx',
    'One thread.',
    table(
      await batches(
        one,
        digit,
        [...SINGLE, ...MANY],
        [
          [1, 200],
          [8, 50],
          [64, 10],
        ],
      ),
      {},
    ),
  ];
  const tensorflow = await createTensorflowEngine({ store });
  parts.push(
    `## mnist-cnn, ${tensorflow.name}`,
    table(
      await batches(tensorflow, digit, SINGLE, [
        [1, 20],
        [8, 10],
        [64, 3],
      ]),
      {},
    ),
  );
  parts.push(
    `## CaffeNet, ${tensorflow.name}`,
    table(
      await batches(tensorflow, photograph, SINGLE.slice(2, 3), [
        [1, 5],
        [8, 2],
      ]),
      {},
    ),
  );
  await Promise.all([one, all, tensorflow].map((engine: Engine) => engine.dispose()));
  return `${parts.join('\n\n')}\n`;
}

function introduction(loadBefore: number): string {
  const [cpu] = cpus();
  const machine = `${cpus().length} cores (${cpu?.model.trim() ?? 'unknown'}), ${Math.round(totalmem() / 2 ** 30)} GiB`;
  return [
    'Written by `npm run bench:methods`; medians, all lines of a table measured in turn.',
    `${machine}, Node ${process.version}; load average before: ${loadBefore.toFixed(1)}.`,
  ].join('\n');
}

/** Measured in a process of its own, which holds nothing but the engine and the mapped weights. */
async function memoryOfDeepTaylor(root: string, network: string, batch: number): Promise<number> {
  const command = ['--import', 'tsx', join(ROOT, 'bench/memoryOfDeepTaylor.ts'), root, network, String(batch)];
  const { stdout } = await promisify(execFile)(process.execPath, command);
  return Number(stdout.trim());
}

async function digitNetwork(store: TensorStore): Promise<Subject> {
  const registry = await openRegistry({ zooDir: join(ROOT, 'models/zoo'), modelsDir: null });
  const model = registry.get('mnist-cnn');
  return { network: await importModel(model, store), box: model.box };
}

type Column = { readonly batch: number; readonly timings: readonly Timing[] };

async function batches(
  engine: Engine,
  subject: Subject,
  candidates: typeof SINGLE,
  sizes: readonly (readonly [number, number])[],
): Promise<readonly Column[]> {
  const columns: Column[] = [];
  for (const [batch, rounds] of sizes) {
    columns.push({ batch, timings: await timeMethods(engine, subject, candidates, batch, rounds) });
  }
  return columns;
}

function table(columns: readonly Column[], limits: Readonly<Record<string, string>>): string {
  const titles = columns[0]?.timings.map(({ title }) => title) ?? [];
  const heads = columns.flatMap(({ batch }) => [`ms, batch ${batch}`, '× forward']);
  const rows = titles.map((title, row) => {
    const cells = columns.flatMap(({ timings }) => {
      const timing = timings[row];
      return [timing?.ms.toFixed(2) ?? '', timing?.multiple.toFixed(2) ?? ''];
    });
    return `| ${[title, ...cells, limits[title] ?? ''].join(' | ')} |`;
  });
  return [`| method | ${heads.join(' | ')} | limit |`, `| --- |${' ---: |'.repeat(heads.length + 1)}`, ...rows].join(
    '\n',
  );
}

/** The profile of deep Taylor at batch 1 and 8. */
async function profiles(store: TensorStore, subject: Subject): Promise<string> {
  const plan = planExplanation(subject, 'deep-taylor', { start: 'score', stabiliser: 1e-6 });
  const graph = plan.graphs()['explain'];
  if (graph === undefined) throw new Error('deep Taylor has no graph');
  const times = [];
  for (const batch of [1, 8]) {
    const inputs = {
      input: arrayTensor(
        [batch, 3, 227, 227],
        new Float32Array(batch * 3 * 227 * 227).map((_, i) => Math.sin(0.013 * i)),
      ),
      target: arrayTensor([batch, 1000], new Float32Array(batch * 1000)),
      parameters: arrayTensor([batch, 1], new Float32Array(batch).fill(1e-6)),
    };
    times.push(new Map(await operationTimes(store, graph, subject.network.id, inputs)));
  }
  const [single = new Map<string, number>(), eight = new Map<string, number>()] = times;
  const sum = (map: ReadonlyMap<string, number>) => [...map.values()].reduce((total, ms) => total + ms, 0);
  const rows = [...eight]
    .slice(0, 14)
    .map(([name, ms]) => `| ${name} | ${(single.get(name) ?? 0).toFixed(2)} | ${ms.toFixed(1)} |`);
  const all = `| all | ${sum(single).toFixed(1)} | ${sum(eight).toFixed(0)} |`;
  return ['| operation | batch 1 | batch 8 |', '| --- | ---: | ---: |', ...rows, all].join('\n');
}
