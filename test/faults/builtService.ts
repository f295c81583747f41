import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { memoryOfTree } from '../../bench/processes.ts';
import { usageOf } from '../../services/compute/processUsage.ts';
import { collectGarbage } from './collectGarbage.ts';
import { processesOf, type Worker, workersOf } from './processes.ts';
import { CHANGING } from './questions.ts';

const ROOT = join(import.meta.dirname, '../..');
const ZOO = join(ROOT, 'models/zoo');

/**
 * Has glibc give back at once what is freed (mallopt(3)). It would keep tens of MiB, more or less of them by chance, and
 * what is looked for is memory that is held for ever.
 */
const ALLOCATOR = { MALLOC_MMAP_THRESHOLD_: '131072', MALLOC_TRIM_THRESHOLD_: '131072' };

/** How often the memory is looked at for one number, and the pause between. */
const SAMPLES = 11;
const SAMPLE_MS = 300;

export interface Memory {
  /** Of all its processes: pages that several share are split between them. */
  readonly all: number;
  /** What the HTTP process alone holds and no file stands behind. */
  readonly main: number;
}

/** The built service as a real process, with folders of its own. */
export interface BuiltService {
  readonly url: string;
  readonly pid: number;
  /** What it logged so far, line by line. */
  readonly log: readonly Readonly<Record<string, unknown>>[];
  workers(): Promise<Worker[]>;
  /** Proportional memory, in MiB, when the HTTP process holds no garbage: the medians of some looks. */
  memory(): Promise<Memory>;
  /** Puts version 2 of the changing model into the folder of models, or takes it away, in one step. */
  change(present: boolean): Promise<void>;
  /** Sends SIGTERM; the exit status, and what still runs of it a second after. */
  stop(): Promise<{ readonly code: number | null; readonly left: readonly number[] }>;
}

export async function startBuilt(environment: Readonly<Record<string, string>> = {}): Promise<BuiltService> {
  const folder = await mkdtemp(join(tmpdir(), 'elucid-faults-'));
  const models = join(folder, 'models');
  const temporary = join(folder, 'tmp');
  await Promise.all([models, temporary].map((path) => mkdir(path)));
  await putModel(models, '1', 'mnist-mlp');
  const script = join(ROOT, 'dist/services/server.js');
  const flags = ['--inspect=127.0.0.1:0', '--min-semi-space-size=16', '--heap-growing-percent=200'];
  const folders = { CACHE_DIR: join(folder, 'cache'), DATA_DIR: join(folder, 'data'), MODELS_DIR: models };
  const child = spawn(process.execPath, [...flags, script], {
    env: {
      PATH: process.env['PATH'],
      PORT: '0',
      MISS_LIMIT: '0',
      TMPDIR: temporary,
      ...ALLOCATOR,
      ...folders,
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // A test that fails half-way leaves nothing behind.
  process.once('exit', () => child.kill('SIGKILL'));
  const inspector = inspectorOf(child.stderr);
  const log: Record<string, unknown>[] = [];
  const exited = once(child, 'exit');
  const url = await new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).on('line', (line) => {
      const entry = JSON.parse(line);
      // One line for every answer would be more than all the rest.
      if (entry.msg !== 'answered') log.push(entry);
      const [, found] = /explains at (http:[^;]+);/.exec(entry.msg) ?? [];
      if (found !== undefined) resolve(found);
    });
    exited.then(() => reject(new Error(`the service ended before it listened: ${JSON.stringify(log)}`)));
  });
  const { pid } = child;
  if (pid === undefined) throw new Error('the service has no process');
  return {
    ...{ url, pid, log },
    workers: () => workersOf(temporary),
    memory: async () => {
      await collectGarbage(await inspector);
      const looks: Memory[] = [];
      for (let i = 0; i < SAMPLES; i += 1) {
        looks.push({ all: (await memoryOfTree(pid)).pssMib, main: (await usageOf(pid)).privateBytes ?? 0 });
        await delay(SAMPLE_MS);
      }
      return { all: median(looks.map(({ all }) => all)), main: median(looks.map(({ main }) => main)) / 2 ** 20 };
    },
    change: (present) =>
      present ? putModel(models, '2', 'mnist-cnn') : rm(join(models, '2'), { recursive: true, force: true }),
    stop: async () => {
      child.kill('SIGTERM');
      const [code] = await exited;
      await delay(1000);
      const left = await processesOf(temporary);
      await rm(folder, { recursive: true, force: true });
      return { code, left };
    },
  };
}

/** Where the inspector of the process listens, as Node tells on standard error; everything else is passed on. */
function inspectorOf(errors: Readable): Promise<string> {
  return new Promise((resolve) => {
    createInterface(errors).on('line', (line) => {
      const [, url] = /^Debugger listening on (ws:\S+)$/.exec(line) ?? [];
      if (url !== undefined) resolve(url);
      else if (!/^For help, see|^Debugger (at|ending)/.test(line)) process.stderr.write(`${line}\n`);
    });
  });
}

/** A model of the zoo under the name of the changing one. */
async function putModel(models: string, version: string, from: string): Promise<void> {
  const hidden = join(models, `.${version}`);
  await cp(join(ZOO, from), hidden, { recursive: true });
  const manifest = JSON.parse(await readFile(join(hidden, 'manifest.json'), 'utf8'));
  await writeFile(join(hidden, 'manifest.json'), JSON.stringify({ ...manifest, name: CHANGING, version }));
  await rm(join(models, version), { recursive: true, force: true });
  await rename(hidden, join(models, version));
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
