import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import pino from 'pino';
import type { RegistryChanges } from '../../models/registry/liveRegistry.ts';
import type { RegisteredModel, RegistryEntry } from '../../models/registry/registeredModel.ts';
import type { Registry } from '../../models/registry/registry.ts';
import { ElucidError } from '../../schemas/errors.ts';
import { type Manifest, type ManifestSpec, manifestSchema } from '../../schemas/manifest.ts';
import { type KeySources, Keys } from '../../services/access/keySources.ts';
import { type AppDependencies, buildApp } from '../../services/app.ts';
import { DiskFileStore } from '../../services/files/diskStore.ts';
import type { FileStore } from '../../services/files/store.ts';
import { explanationExecutor } from '../../services/jobs/explanation/executor.ts';
import { Jobs } from '../../services/jobs/jobs.ts';
import { prototypeExecutor } from '../../services/jobs/prototype/executor.ts';
import { logOptions } from '../../services/logOptions.ts';
import { MemoryJobStore } from '../jobs/memoryStore.ts';
import { OPEN_LIMITS } from '../support/openLimits.ts';
import { type FakePrototypes, fakePrototypes } from './fakePrototypes.ts';
import { type FakeService, fakeService } from './fakeService.ts';
import { watchAnswers } from './watchAnswers.ts';

/** The app over the fake service, every answer of which must be in its OpenAPI document, with the models `digits` (1 × 28 × 28 images), `signal` (6 × 32) and `table` (vectors of 4). */
export interface TestApp {
  readonly app: FastifyInstance;
  readonly service: FakeService;
  readonly jobs: Jobs;
  readonly store: MemoryJobStore;
  readonly prototypes: FakePrototypes;
  /** Every line that was logged. */
  readonly log: string[];
}

export async function testApp(
  config: Partial<AppDependencies['config']> = {},
  predictor: AppDependencies['predictor'] = null,
  keys: KeySources = {},
): Promise<TestApp> {
  const service = fakeService();
  const prototypes = fakePrototypes();
  const log: string[] = [];
  const logger = pino(logOptions('debug'), { write: (line: string) => log.push(line) });
  const registry = testRegistry();
  const limits: AppDependencies['config'] = {
    MAX_UPLOAD_BYTES: 64 * 1024,
    MAX_RUNS: 8,
    EXPLAIN_TIMEOUT_MS: 5000,
    TRUST_PROXY: false,
    GRAPHQL_MAX_COST: 500,
    GRAPHQL_INTROSPECTION: true,
    ...OPEN_LIMITS,
    ...config,
  };
  const store = new MemoryJobStore();
  const jobs = await Jobs.open({
    store,
    executors: {
      explanation: explanationExecutor({ service, registry, maxRuns: limits.MAX_RUNS, timeoutMs: 60_000 }),
      prototype: prototypeExecutor({ service, registry, pool: prototypes }),
    },
    workers: 1,
    maxQueued: 4,
    timeoutMs: 60_000,
    ttlMs: 60_000,
    log: logger,
  });
  const files = await testFiles();
  const app = await buildApp({
    config: limits,
    logger,
    service,
    registry,
    jobs,
    files,
    secret: new Uint8Array(32),
    reloadModels: async () => RELOADED,
    predictor,
    keys: new Keys(keys),
    version: '1.2.3',
  });
  await watchAnswers(app, { isRelayed: predictor !== null });
  return { app, service, jobs, store, prototypes, log };
}

const folders: string[] = [];
process.once('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** Files in a folder that goes with the process. */
export async function testFiles(): Promise<FileStore> {
  const folder = await mkdtemp(join(tmpdir(), 'elucid-files-'));
  folders.push(folder);
  return DiskFileStore.open(folder, { maxBytes: 2 ** 20, ttlMs: 60_000 });
}

/** What reading the models again gives. */
export const RELOADED: RegistryChanges = {
  added: [{ name: 'new', version: '1' }],
  changed: [{ name: 'digits', version: '2' }],
  removed: [],
  unchanged: [{ name: 'table', version: '1' }],
  failed: [{ name: 'broken', version: null, reason: 'manifest.json is not JSON' }],
};

const files = { definition: { path: 'model.json' }, weights: { path: 'weights.bin' } };

const DIGITS: ManifestSpec = {
  name: 'digits',
  version: '2',
  title: 'Digits',
  format: 'tfjs',
  files,
  input: { kind: 'image', shape: [1, 28, 28], preprocessing: { scale: 1 / 255 }, box: [0, 1] },
  output: { kind: 'classification', labels: ['0', '1'] },
  companions: { density: 'broken', generator: 'nowhere' },
};

const TABLE: ManifestSpec = {
  name: 'table',
  version: '1',
  format: 'tfjs',
  files,
  input: { kind: 'tensor', shape: [4] },
  output: { kind: 'regression' },
};

const SIGNAL: ManifestSpec = { ...TABLE, name: 'signal', input: { kind: 'tensor', shape: [6, 32] } };

export function testRegistry(): Registry {
  const broken: RegistryEntry = { state: 'failed', name: 'broken', version: '1', reason: 'weights.bin is missing' };
  const entries: RegistryEntry[] = [
    broken,
    { state: 'registered', model: registered(DIGITS) },
    { state: 'registered', model: registered(SIGNAL) },
    { state: 'registered', model: registered(TABLE) },
  ];
  const registry: Registry = {
    list: () => entries,
    get: (name, version) => {
      if (name === 'broken') throw new ElucidError('model-failed', 'broken: weights.bin is missing');
      const found = entries.flatMap((entry) => (entry.state === 'registered' ? [entry.model] : []));
      const model = found.find(
        ({ manifest }) => manifest.name === name && (version ?? manifest.version) === manifest.version,
      );
      if (model === undefined)
        throw new ElucidError('unknown-model', `no model "${name}"; there are digits, signal, table`);
      return model;
    },
  };
  return registry;
}

function companionModels({ companions }: Manifest) {
  return { density: companions?.density ?? null, generator: companions?.generator ?? null };
}

function registered(spec: ManifestSpec): RegisteredModel {
  const manifest = manifestSchema.parse(spec);
  return {
    manifest,
    folder: '/nowhere',
    id: 'id',
    fingerprint: `fingerprint of ${manifest.name}`,
    sha256: '0'.repeat(64),
    definition: null,
    weights: [],
    labels: manifest.output.kind === 'classification' ? ['0', '1'] : null,
    box: null,
    meanImage: null,
    companions: { codeRange: null, classMeans: null, ...companionModels(manifest) },
  };
}
