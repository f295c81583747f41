import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { SqliteJobStore } from '../../services/jobs/sqlite/sqliteStore.ts';
import type { Ending, JobStore } from '../../services/jobs/store.ts';
import { MemoryJobStore } from './memoryStore.ts';
import { newJob } from './newJob.ts';

/** What can be done with a store; `at` picks one of the jobs that were made. */
type Step =
  | { readonly do: 'create'; readonly key: string | null; readonly hash: string; readonly owner: string | null }
  | { readonly do: 'claim' | 'prune' | 'interrupted' | 'reopen' }
  | { readonly do: 'resume' | 'progress' | 'checkpoint' | 'suspend' | 'read'; readonly at: number }
  | { readonly do: 'end'; readonly at: number; readonly state: Ending['state'] };

const at = fc.nat(2);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant('create' as const),
    key: fc.constantFrom(null, 'a', 'b'),
    hash: fc.constantFrom('1', '2'),
    owner: fc.constantFrom(null, 'me'),
  }),
  fc.record({ do: fc.constantFrom('claim' as const, 'prune' as const, 'interrupted' as const, 'reopen' as const) }),
  fc.record({
    do: fc.constantFrom(
      'resume' as const,
      'progress' as const,
      'checkpoint' as const,
      'suspend' as const,
      'read' as const,
    ),
    at,
  }),
  fc.record({ do: fc.constant('end' as const), at, state: fc.constantFrom('succeeded', 'failed', 'cancelled') }),
);

const ENDINGS: Readonly<Record<Ending['state'], Ending>> = {
  succeeded: { state: 'succeeded', body: '[1]', blobs: { b: Uint8Array.of(1, 2, 3) } },
  failed: { state: 'failed', error: { code: 'invalid', detail: 'no', errors: [{ pointer: '/x', detail: 'no' }] } },
  cancelled: { state: 'cancelled' },
};

/** What a store answers to a step, or the code of its error. */
async function answer(store: JobStore, id: string, step: Step, now: number, made: string): Promise<unknown> {
  const run = async (): Promise<unknown> => {
    switch (step.do) {
      case 'create': {
        const idempotency = step.key === null ? null : { key: step.key, hash: step.hash };
        return store.create(newJob({ id: made, created: now, owner: step.owner, idempotency }), 3);
      }
      case 'claim':
        return store.claim(now);
      case 'prune':
        return store.prune(now);
      case 'interrupted':
        return store.interrupted();
      case 'resume':
        return store.resume(id);
      case 'progress':
        return store.saveProgress(id, { step: now, steps: 99, objective: null, eta_ms: 3 }, Uint8Array.of(now % 256));
      case 'checkpoint':
        return store.saveCheckpoint(id, Uint8Array.of(now % 256), now);
      case 'suspend':
        return store.suspend(id, now);
      case 'end':
        return store.end(id, ENDINGS[step.state], now, now + 8);
      case 'read':
        return [await store.get(id, now), await store.events(id, 0, 99), (await store.output(id))?.body];
      case 'reopen':
        return null;
    }
  };
  const result = await run().catch((error: { code: string }) => ({ code: error.code }));
  return JSON.parse(
    JSON.stringify(result ?? null, (_key, value) => (value instanceof Uint8Array ? [...value] : value)),
  );
}

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'elucid-jobs-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

test('the store in a folder does what the rules say, through any sequence of steps and restarts', async () => {
  let folders = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      folders += 1;
      const folder = join(root, String(folders));
      const model = new MemoryJobStore();
      const open = () => SqliteJobStore.open(folder, { maxBytes: 2 ** 30 });
      let store = await open();
      const ids: string[] = [];
      try {
        for (const [now, step] of steps.entries()) {
          if (step.do === 'reopen') {
            await store.close();
            store = await open();
          }
          const id = 'at' in step ? (ids[step.at % Math.max(1, ids.length)] ?? 'none') : '';
          const made = newJob({ created: now }).id;
          if (step.do === 'create') ids.push(made);
          const expected = await answer(model, id, step, now, made);
          expect([now, step, await answer(store, id, step, now, made)]).toEqual([now, step, expected]);
        }
      } finally {
        await store.close();
      }
    }),
    { numRuns: 100 },
  );
}, 60_000);
