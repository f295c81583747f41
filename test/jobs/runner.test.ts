import { expect, test } from '@jest/globals';
import { JobRunner } from '../../services/jobs/runner.ts';
import { MemoryJobStore } from './memoryStore.ts';
import { newJob } from './newJob.ts';
import { settled } from './stage.ts';

const TIMES = { timeoutMs: 60_000, ttlMs: 60_000, progressMs: 0, previewMs: 0, checkpointMs: 0, retryMs: 1 };

test('a job that is queued just when the runner has found none is not left lying', async () => {
  for (let turns = 0; turns < 12; turns += 1) {
    const store = new MemoryJobStore();
    let ran = 0;
    const runner: JobRunner = new JobRunner({
      store,
      executors: {
        prototype: async () => {
          ran += 1;
          return { body: null, blobs: {} };
        },
      },
      ...{ workers: 1, times: TIMES, now: Date.now },
      log: { info: () => {}, warn: () => {}, error: () => {} },
    });
    runner.wake();
    for (let turn = 0; turn < turns; turn += 1) await null;
    void store.create(newJob(), 9);
    runner.wake();
    await settled();
    expect({ turns, ran }).toEqual({ turns, ran: 1 });
    await runner.stop();
  }
});
