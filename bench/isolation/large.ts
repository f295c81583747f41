import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { ManifestSpec } from '../../schemas/manifest.ts';
import { memoryOfTree } from '../processes.ts';
import { withService, withTemporaryFolder } from '../runningService.ts';
import { PrototypeJobs } from './jobs.ts';

const STEPS = 50;
const BODY = { model: 'caffenet', target: 3, steps: STEPS, tolerance: 0 };

/** Pause between two looks at the memory. */
const SAMPLE_MS = 200;

/** Speed and memory do not depend on the values of weights: these have the shapes of the real ones. */
const CAFFENET: ManifestSpec = {
  name: 'caffenet',
  version: '1',
  format: 'caffe',
  files: { definition: { path: 'model.prototxt' }, weights: { random: { seed: 1, filler: 'msra' } } },
  input: { kind: 'image', shape: [3, 227, 227], preprocessing: { colour: 'bgr', resize: 256, mean: [104, 117, 123] } },
  output: { kind: 'classification' },
};

const answerSchema = z.object({
  prototypes: z.array(z.object({ steps: z.number(), objective: z.number() })),
  timing_ms: z.object({ compute: z.number() }),
});

export interface Large {
  readonly steps: number;
  /** Of the whole first search, its weights made and its graph compiled; and of one more, per step. */
  readonly firstSeconds: number;
  readonly secondsPerStep: number;
  /** Largest proportional set size of all processes of the service, before a search and during the searches. */
  readonly memory: { readonly before: number; readonly peak: number };
  /** Reports of progress that were seen of the second search. */
  readonly reports: number;
  /** From the cancel of a running search until its process had made the one step of another job. */
  readonly cancelMs: number;
}

/** Prototypes of CaffeNet, 227 × 227. @param data the folder with caffe/deploy/ */
export async function measureLarge(data: string): Promise<Large> {
  return withTemporaryFolder(async (modelsDir) => {
    const folder = join(modelsDir, CAFFENET.name);
    await mkdir(folder);
    await copyFile(join(data, 'caffe/deploy/bvlc_reference_caffenet.prototxt'), join(folder, 'model.prototxt'));
    await writeFile(join(folder, 'manifest.json'), JSON.stringify(CAFFENET));
    return withService(({ url, pid }) => search(new PrototypeJobs(url), pid), { MODELS_DIR: modelsDir });
  });
}

async function search(jobs: PrototypeJobs, pid: number): Promise<Large> {
  const memory = watchMemory(pid);
  const before = await memory.sample();
  const began = performance.now();
  await jobs.until(await jobs.submit(BODY), ({ state }) => state === 'succeeded');
  const firstSeconds = (performance.now() - began) / 1000;
  const second = await jobs.submit({ ...BODY, target: 4 });
  const seen = new Set<number>();
  await jobs.until(second, ({ state, progress }) => {
    if (state === 'running') seen.add(progress.step);
    return state === 'succeeded';
  });
  const { prototypes, timing_ms: times } = answerSchema.parse(await jobs.result(second));
  if (prototypes[0]?.steps !== STEPS) throw new Error(`the search ended after ${prototypes[0]?.steps} steps`);
  const cancelMs = await cancelled(jobs);
  return {
    ...{ steps: STEPS, firstSeconds, secondsPerStep: times.compute / 1000 / STEPS },
    ...{ memory: { before, peak: await memory.end() }, reports: seen.size, cancelMs },
  };
}

async function cancelled(jobs: PrototypeJobs): Promise<number> {
  const running = await jobs.submit({ ...BODY, target: 5 });
  await jobs.until(running, ({ progress }) => progress.step > 2);
  const next = await jobs.submit({ model: 'mnist-mlp', target: 0, steps: 1 });
  const began = performance.now();
  await jobs.cancel(running);
  await jobs.until(next, ({ state }) => state === 'succeeded');
  return performance.now() - began;
}

function watchMemory(pid: number) {
  let peak = 0;
  let latest = Promise.resolve(0);
  const sample = async () => {
    // A process may end while it is looked at.
    const { pssMib } = await memoryOfTree(pid).catch(() => ({ pssMib: 0 }));
    peak = Math.max(peak, pssMib);
    return pssMib;
  };
  const timer = setInterval(() => {
    latest = sample();
  }, SAMPLE_MS);
  return {
    sample,
    end: async () => {
      clearInterval(timer);
      await latest;
      return peak;
    },
  };
}
