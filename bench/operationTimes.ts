import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { z } from 'zod';
import type { TensorStore } from '../models/tensors/store.ts';
import type { NamedTensors } from '../services/engine/engine.ts';
import type { Graph } from '../services/engine/graph.ts';
import { CompiledGraphs } from '../services/engine/onnx/compiledGraphs.ts';
import { OnnxExecutable } from '../services/engine/onnx/executable.ts';

const Events = z.array(
  z.object({
    name: z.string(),
    cat: z.string(),
    dur: z.number().optional(),
    args: z.record(z.string(), z.unknown()).optional(),
  }),
);

/** Milliseconds of one run by operation, largest first: ONNX Runtime's own profile on one thread, median of a few runs. */
export async function operationTimes(
  store: TensorStore,
  graph: Graph,
  folder: string,
  inputs: NamedTensors,
): Promise<readonly (readonly [string, number])[]> {
  const graphs = new CompiledGraphs(
    store,
    async (part, path) => new OnnxExecutable(part, await InferenceSession.create(path)),
  );
  const model = await graphs.pathOf(graph, folder);
  const directory = await mkdtemp(join(tmpdir(), 'elucid-profile-'));
  try {
    const session = await InferenceSession.create(model, {
      intraOpNumThreads: 1,
      enableProfiling: true,
      profileFilePrefix: join(directory, 'profile'),
      extra: { session: { disable_prepacking: '1' } },
    });
    const feeds = Object.entries(inputs).map(([name, { data, shape }]) => [
      name,
      new Tensor('float32', data, [...shape]),
    ]);
    for (let i = 0; i < 5; i += 1) await session.run(Object.fromEntries(feeds));
    session.endProfiling();
    await session.release();
    return await readProfile(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function readProfile(directory: string): Promise<readonly (readonly [string, number])[]> {
  const [file = ''] = await readdir(directory);
  const events = Events.parse(JSON.parse(await readFile(join(directory, file), 'utf8')));
  const byNode = new Map<string, { operation: string; durations: number[] }>();
  for (const { name, cat, dur = 0, args = {} } of events) {
    if (cat !== 'Node' || !name.endsWith('kernel_time')) continue;
    const node = byNode.get(name) ?? { operation: String(args['op_name']), durations: [] };
    node.durations.push(dur);
    byNode.set(name, node);
  }
  const sums = new Map<string, number>();
  for (const { operation, durations } of byNode.values()) {
    const median = durations.sort((a, b) => a - b)[Math.floor(durations.length / 2)] ?? 0;
    sums.set(operation, (sums.get(operation) ?? 0) + median / 1000);
  }
  return [...sums].sort(([, a], [, b]) => b - a);
}
