import { expect, test } from '@jest/globals';
import sharp from 'sharp';
import type { JobProgress } from '../../schemas/jobs.ts';
import { parsePrototype } from '../../schemas/prototype.ts';
import { prototypeExecutor } from '../../services/jobs/prototype/executor.ts';
import { prototypeJobRequest } from '../../services/jobs/prototype/request.ts';
import { fakePrototypes } from '../http/fakePrototypes.ts';
import { fakeService } from '../http/fakeService.ts';
import { testRegistry } from '../http/testApp.ts';

const REQUEST = prototypeJobRequest(parsePrototype({ model: 'digits', target: 0, count: 2, steps: 9 }), '2');

/** The executor over a fake process, and what it told. */
function stage() {
  const pool = fakePrototypes();
  const told: { step: number; preview: Uint8Array | null }[] = [];
  const saved: Uint8Array[] = [];
  const execute = prototypeExecutor({ pool, service: fakeService(), registry: testRegistry() });
  const run = (checkpoint: Uint8Array | null = null, signal = new AbortController().signal) =>
    execute(REQUEST, {
      ...{ signal, checkpoint },
      progress: ({ step }, preview) => told.push({ step, preview }),
      save: (snapshot) => saved.push(snapshot),
    });
  return { pool, told, saved, run };
}

const at = (step: number): JobProgress => ({ step, steps: 9, objective: -step, eta_ms: null });

test('progress never falls, though a preview takes its time; previews are PNGs', async () => {
  const { pool, told, run } = stage();
  pool.before = async (_task, { onReport }) => {
    for (let step = 1; step <= 9; step += 1) {
      const images = step % 4 === 1 ? new Float32Array(2 * 784).fill(step / 9) : null;
      onReport({ progress: at(step), images, snapshot: null });
      if (step % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  };
  await run();
  const steps = told.map(({ step }) => step);
  expect(steps).toEqual([...steps].sort((a, b) => a - b));
  expect(new Set(steps)).toEqual(new Set([1, 2, 3, 4, 5, 6, 7, 8, 9]));
  const previews = told.flatMap(({ preview }) => preview ?? []);
  expect(previews).toHaveLength(3);
  const levels = await Promise.all(previews.map(async (preview) => (await sharp(preview).stats()).channels[0]?.mean));
  expect((await sharp(previews[0]).metadata()).format).toBe('png');
  expect(levels).toEqual([...levels].sort((a, b) => (a ?? 0) - (b ?? 0)));
});

test('snapshots are kept as they are, and handed on when the job goes on', async () => {
  const { pool, saved, run } = stage();
  pool.before = async (_task, { onReport }) => {
    for (const step of [1, 2]) {
      onReport({ progress: at(step), images: null, snapshot: Uint8Array.of(step, 7) });
    }
  };
  await run(Uint8Array.of(5, 6));
  expect(saved.map((snapshot) => [...snapshot])).toEqual([
    [1, 7],
    [2, 7],
  ]);
  expect(pool.tasks.map((task) => [...(task.saved ?? [])])).toEqual([[5, 6]]);
});

test('what the search fails with is what the job fails with, whatever becomes of a preview', async () => {
  const { pool, run } = stage();
  pool.before = async (_task, { onReport }) => {
    onReport({ progress: at(1), images: new Float32Array(2 * 784), snapshot: null });
    throw new RangeError('lost');
  };
  await expect(run()).rejects.toThrow('lost');
});

test('the process is told of a cancel', async () => {
  const { pool, run } = stage();
  const cancel = new AbortController();
  pool.before = async (_task, { signal }) => {
    cancel.abort(new Error('enough'));
    signal.throwIfAborted();
  };
  await expect(run(null, cancel.signal)).rejects.toThrow('enough');
});
