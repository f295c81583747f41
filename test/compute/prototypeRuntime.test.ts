import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openRegistry } from '../../models/registry/registry.ts';
import { parsePrototype } from '../../schemas/prototype.ts';
import { PrototypeRuntime } from '../../services/compute/prototype/prototypeRuntime.ts';
import { PREVIEWED, type PrototypeReport } from '../../services/compute/prototype/prototypeTask.ts';

let folder: string;
let runtime: PrototypeRuntime;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'elucid-runtime-'));
  const engine = { engine: 'onnx', providers: ['cpu'], threads: 1 } as const;
  const cache = { cacheDir: folder, cacheBytes: 2 ** 26, cacheDiskBytes: 2 ** 30 };
  runtime = await PrototypeRuntime.open({ ...engine, ...cache, maxBatch: 8 });
});
afterAll(() => rm(folder, { recursive: true }));

async function search(request: object, saved: Uint8Array | null = null) {
  const registry = await openRegistry({ zooDir: join(import.meta.dirname, '../../models/zoo'), modelsDir: null });
  const {
    model,
    version: _version,
    render: _render,
    init: _init,
    ...options
  } = parsePrototype({
    ...{ model: 'mnist-mlp', target: 3, steps: 3, ...request },
  });
  const reports: PrototypeReport[] = [];
  const reply = await runtime.run(
    { model: registry.get(model), density: null, generator: null, options, saved },
    { signal: new AbortController().signal, report: (report) => reports.push(report) },
  );
  return { reply, reports };
}

test('a snapshot that cannot be gone on from is left, and the search begins again', async () => {
  const whole = await search({});
  const other = (await search({ seed: 1 })).reports[0]?.snapshot ?? null;
  expect(other).not.toBeNull();
  for (const useless of [Uint8Array.of(1, 2, 3), other]) {
    const { reply } = await search({}, useless);
    expect({ ...reply, computeMs: 0 }).toEqual({ ...whole.reply, computeMs: 0 });
  }
});

test('pictures on the way are of as many prototypes as a preview shows', async () => {
  const { reply, reports } = await search({ target: 'all', count: 2 });
  expect(reply.images).toHaveLength(20 * 784);
  expect(reports[0]?.images).toHaveLength(PREVIEWED * 784);
});
