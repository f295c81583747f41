import { join } from 'node:path';
import closeWithGrace from 'close-with-grace';
import pino from 'pino';
import type { Registry } from '../../models/registry/registry.ts';
import { parseKeptExplain } from '../../schemas/explain.ts';
import { buildApp } from '../../services/app.ts';
import { prepareCommand } from '../../services/compute/explainCommand.ts';
import { DiskFileStore } from '../../services/files/diskStore.ts';
import type { JobExecutor } from '../../services/jobs/executor.ts';
import { packExplanation } from '../../services/jobs/explanation/outcome.ts';
import { Jobs } from '../../services/jobs/jobs.ts';
import { SqliteJobStore } from '../../services/jobs/sqlite/sqliteStore.ts';
import { fakeExplanation, fakeService } from '../http/fakeService.ts';
import { testRegistry } from '../http/testApp.ts';
import { OPEN_LIMITS } from '../support/openLimits.ts';

/** Milliseconds of a step. */
const STEP_MS = 4;

/**
 * The process of a service without networks whose explanations take as many steps as `options.n` of smoothgrad says, with a
 * checkpoint at each. The progress tells as its objective the step at which this run began.
 */
function steppingExecutor(registry: Registry): JobExecutor {
  return async (stored, { signal, checkpoint, progress, save }) => {
    const request = parseKeptExplain(stored);
    const model = registry.get(request.model, request.version);
    const { command, batched } = prepareCommand(request, model, { drawn: false, maxRuns: 1e6 });
    const steps = Number(request.options['n']);
    const first = checkpoint === null ? 0 : new DataView(checkpoint.buffer, checkpoint.byteOffset).getUint32(0);
    for (let step = first + 1; step <= steps; step += 1) {
      signal.throwIfAborted();
      await new Promise((resolve) => setTimeout(resolve, STEP_MS));
      const state = new Uint8Array(4);
      new DataView(state.buffer).setUint32(0, step);
      save(state);
      progress({ step, steps, objective: first, eta_ms: null }, state);
    }
    return packExplanation({ explanation: fakeExplanation(command), batched, totalMs: 0 });
  };
}

const logger = pino({ level: 'info' });
const registry = testRegistry();
const folder = process.env['DATA_DIR'] ?? '';
const store = await SqliteJobStore.open(folder, { maxBytes: 2 ** 30 });
const files = await DiskFileStore.open(join(folder, 'images'), { maxBytes: 2 ** 20, ttlMs: 60_000 });
const jobs = await Jobs.open({
  store,
  executors: { explanation: steppingExecutor(registry) },
  ...{ workers: 1, maxQueued: 1000, timeoutMs: 600_000, ttlMs: 600_000, log: logger },
  times: { progressMs: 20, checkpointMs: 20 },
});
const app = await buildApp({
  config: {
    MAX_UPLOAD_BYTES: 1e6,
    MAX_RUNS: 1e6,
    EXPLAIN_TIMEOUT_MS: 5000,
    TRUST_PROXY: false,
    GRAPHQL_MAX_COST: 500,
    GRAPHQL_INTROSPECTION: true,
    ...OPEN_LIMITS,
  },
  ...{ logger, service: fakeService(), registry, jobs, files, secret: new Uint8Array(32), version: '0' },
  reloadModels: async () => ({ added: [], changed: [], removed: [], unchanged: [], failed: [] }),
});
await app.listen({ host: '127.0.0.1', port: 0, listenTextResolver: (url) => `explains at ${url}; steps` });
closeWithGrace({ delay: 10_000 }, async () => {
  await app.close();
  await jobs.close();
});
