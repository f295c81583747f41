import { statSync } from 'node:fs';
import { availableParallelism, homedir, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import closeWithGrace from 'close-with-grace';
import type { FastifyInstance } from 'fastify';
import pino, { type Logger } from 'pino';
import { packageFolder } from '../models/packageFolder.ts';
import { FileHashes } from '../models/registry/fileHashes.ts';
import { LiveRegistry } from '../models/registry/liveRegistry.ts';
import { openRegistry, type Registry } from '../models/registry/registry.ts';
import { userName } from '../models/tensors/defaultFolder.ts';
import { ElucidError } from '../schemas/errors.ts';
import { KeyError, Keys } from './access/keySources.ts';
import { type CommandLine, readCommandLine } from './commandLine.ts';
import type { ExplanationService } from './compute/explanation.ts';
import { PrototypePool } from './compute/prototype/prototypePool.ts';
import { openExplanationService } from './compute/service.ts';
import type { WatchOptions } from './compute/watchdog.ts';
import { type Config, ConfigError, readConfig } from './config.ts';
import { DiskFileStore } from './files/diskStore.ts';
import { openSecret } from './files/secret.ts';
import type { FileStore } from './files/store.ts';
import type { Predictor } from './http/kserve/predictor.ts';
import { explanationExecutor } from './jobs/explanation/executor.ts';
import { Jobs } from './jobs/jobs.ts';
import { prototypeExecutor } from './jobs/prototype/executor.ts';
import { FolderInUseError } from './jobs/sqlite/folderLock.ts';
import { SqliteJobStore } from './jobs/sqlite/sqliteStore.ts';
import type { JobStore } from './jobs/store.ts';
import { logOptions } from './logOptions.ts';
import { logCheck, logModels, reload } from './reload.ts';
import { logWatch } from './workerLog.ts';

/** After this the process ends, whatever still runs. */
const STOP_MS = 10_000;

/** How long an uploaded image, or a picture that a link leads to, is kept. */
const IMAGE_TTL_MS = 3600e3;

/** A worker that gives no sign of life may be frozen after this time, never sooner. */
const LEAST_SILENCE_MS = 5000;

/** Exit status for a configuration that cannot be used (EX_CONFIG of sysexits.h). */
const EXIT_CONFIG = 78;

await main();

/** Starts the service, and stops it on SIGINT and SIGTERM. */
async function main(): Promise<void> {
  const [config, commandLine, keys] = readConfigOrExit();
  const logger = openLogger(config);
  try {
    await serve(config, commandLine, keys, logger);
  } catch (error) {
    if (error instanceof ConfigError) refuse(error);
    logger.fatal({ err: error }, 'the service cannot start');
    process.exitCode = 1;
  }
}

async function serve(config: Config, commandLine: CommandLine, keys: Keys, logger: Logger): Promise<void> {
  if (keys.ring.required && config.ALLOW_ANONYMOUS) {
    logger.warn('ALLOW_ANONYMOUS means nothing with API keys: every request needs one');
  }
  const home = packageFolder(fileURLToPath(import.meta.url));
  const store = await openJobStore(config);
  const files = await openFileStore(config);
  const folders = { zooDir: join(home.path, 'models', 'zoo'), modelsDir: config.MODELS_DIR ?? null };
  const registry = new LiveRegistry(await openRegistry(folders, await FileHashes.open(config.CACHE_DIR)));
  logModels(registry, logger);
  const predictor = predictorOf(commandLine, registry, config);
  const service = await openService(config, registry, logger);
  const reloadModels = () => reload(registry, service, logger);
  const pool = openPrototypePool(config, logger);
  const jobs = await openJobs(config, store, { service, registry, pool, logger });
  try {
    // The worker processes start while this one loads what it needs for HTTP.
    const { buildApp } = await import('./app.ts');
    const app = await buildApp({
      config,
      logger,
      service,
      registry,
      jobs,
      keys,
      files,
      secret: await openSecret(join(config.DATA_DIR, 'secret')),
      reloadModels,
      predictor,
      version: home.version,
    });
    await app.listen({
      host: config.HOST,
      port: config.PORT,
      listenTextResolver: (url) => `elucid ${home.version} explains at ${url}; documentation at ${url}/docs`,
    });
    reloadOnHangup(keys, reloadModels, logger);
    stopGracefully({ app, jobs, service, pool }, logger);
  } catch (error) {
    await jobs.close();
    await Promise.all([service.close(), pool.close()]);
    throw error;
  }
}

/** Who predicts for the model of the command line. @throws ConfigError when there is no such model */
function predictorOf(
  { modelName, predictorOrigin }: CommandLine,
  registry: Registry,
  config: Config,
): Predictor | null {
  if (modelName === null) return null;
  try {
    registry.get(modelName);
  } catch (error) {
    if (!(error instanceof ElucidError)) throw error;
    throw new ConfigError(`--model_name: ${error.message}`);
  }
  if (predictorOrigin === null) return null;
  return { model: modelName, origin: predictorOrigin, timeoutMs: config.EXPLAIN_TIMEOUT_MS };
}

/** Takes DATA_DIR for this service alone, before anything else is started. @throws ConfigError when another has it */
async function openJobStore({ DATA_DIR, DATA_DISK_BYTES }: Config): Promise<JobStore> {
  try {
    return await SqliteJobStore.open(DATA_DIR, { maxBytes: DATA_DISK_BYTES });
  } catch (error) {
    if (!(error instanceof FolderInUseError)) throw error;
    throw new ConfigError(
      `DATA_DIR: received ${JSON.stringify(DATA_DIR)}, which another running service uses; allowed is a folder of its own for each`,
    );
  }
}

/** To be opened when DATA_DIR is this service's alone. */
function openFileStore({ DATA_DIR, IMAGES_DISK_BYTES: maxBytes }: Config): Promise<FileStore> {
  return DiskFileStore.open(join(DATA_DIR, 'images'), { maxBytes, ttlMs: IMAGE_TTL_MS });
}

interface JobParts {
  readonly pool: PrototypePool;
  readonly service: ExplanationService;
  readonly registry: Registry;
  readonly logger: Logger;
}

function openJobs(config: Config, store: JobStore, parts: JobParts): Promise<Jobs> {
  const { service, registry, pool, logger } = parts;
  const { MAX_RUNS: maxRuns, JOB_TIMEOUT_MS: timeoutMs } = config;
  return Jobs.open({
    store,
    executors: {
      explanation: explanationExecutor({ service, registry, maxRuns, timeoutMs }),
      prototype: prototypeExecutor({ service, registry, pool }),
    },
    workers: config.JOB_WORKERS,
    maxQueued: config.MAX_JOBS,
    timeoutMs,
    ttlMs: config.JOB_TTL,
    log: logger,
  });
}

/** One thread for each job: what is left of the processor is for explanations. */
function openPrototypePool(config: Config, logger: Logger): PrototypePool {
  return new PrototypePool({
    engine: config.ENGINE,
    providers: config.ONNX_PROVIDERS,
    threads: 1,
    workers: config.JOB_WORKERS,
    maxBatch: config.MAX_BATCH,
    cacheDir: config.CACHE_DIR,
    cacheBytes: config.CACHE_BYTES,
    cacheDiskBytes: config.CACHE_DISK_BYTES,
    watch: watchOptions(config, logger),
  });
}

/** A frozen worker is found in half the time of a request, so that there is time for another try. */
function watchOptions(config: Config, logger: Logger): WatchOptions {
  const { WORKER_MEMORY_BYTES: limitBytes, EXPLAIN_TIMEOUT_MS: graceMs } = config;
  const silentMs = Math.max(LEAST_SILENCE_MS, graceMs / 2);
  return { limitBytes, graceMs, silentMs, onEvent: (event) => logWatch(event, logger) };
}

function openService(config: Config, registry: LiveRegistry, logger: Logger): Promise<ExplanationService> {
  return openExplanationService({
    engine: config.ENGINE,
    providers: config.ONNX_PROVIDERS,
    threads: Math.max(1, Math.floor(availableParallelism() / config.EXPLAIN_WORKERS)),
    workers: config.EXPLAIN_WORKERS,
    maxBatch: config.MAX_BATCH,
    maxQueue: config.MAX_QUEUE,
    maxPixels: config.MAX_PIXELS,
    maxRuns: config.MAX_RUNS,
    timeoutMs: config.EXPLAIN_TIMEOUT_MS,
    cacheDir: config.CACHE_DIR,
    cacheBytes: config.CACHE_BYTES,
    cacheDiskBytes: config.CACHE_DISK_BYTES,
    modelMemoryBytes: config.MODEL_MEMORY_BYTES,
    watch: watchOptions(config, logger),
    checkDelayMs: config.CACHE_CHECK_DELAY_MS,
    onCheck: (event) => logCheck(event, logger),
    onModelFailed: (model) => registry.distrust(model),
  });
}

/** SIGHUP reads keys and models again, as for other daemons; from a terminal that is closed it ends the service. */
function reloadOnHangup(keys: Keys, reloadModels: () => Promise<unknown>, logger: Logger): void {
  if (process.stdout.isTTY) return;
  process.on('SIGHUP', () => {
    reloadKeys(keys, logger);
    reloadModels().catch((error: unknown) => logger.error({ err: error }, 'the models cannot be read again'));
  });
}

function reloadKeys(keys: Keys, logger: Logger): void {
  try {
    keys.reload();
    if (!keys.ring.isEmpty) logger.info('keys read again');
  } catch (error) {
    if (!(error instanceof KeyError)) throw error;
    logger.error(`the keys stay as they were: ${error.message}`);
  }
}

interface Running {
  readonly app: FastifyInstance;
  readonly jobs: Jobs;
  readonly service: ExplanationService;
  readonly pool: PrototypePool;
}

/** Ends running requests, leaves running jobs for the next start, ends the workers, then the process. */
function stopGracefully({ app, jobs, service, pool }: Running, logger: Logger): void {
  const skip: ['SIGHUP'] | [] = process.stdout.isTTY ? [] : ['SIGHUP'];
  const log = { error: (message: string) => logger.error(message) };
  closeWithGrace({ delay: STOP_MS, skip, logger: log }, async ({ signal, err }) => {
    if (err !== undefined) logger.fatal({ err }, 'unexpected error, stopping');
    else logger.info(`${signal}: stopping`);
    await app.close();
    await jobs.close();
    await Promise.all([service.close(), pool.close()]);
    logger.info('stopped');
  });
}

/** Colours and short lines for a terminal, JSON for everything else. */
function openLogger({ LOG_LEVEL: level }: Config): Logger {
  if (!process.stdout.isTTY) return pino(logOptions(level));
  return pino({
    ...logOptions(level),
    transport: { target: 'pino-pretty', options: { ignore: 'pid,hostname', translateTime: 'HH:MM:ss' } },
  });
}

function readConfigOrExit(): [Config, CommandLine, Keys] {
  try {
    const commandLine = readCommandLine(process.argv.slice(2));
    const { httpPort } = commandLine;
    const environment = httpPort === null ? process.env : { ...process.env, PORT: httpPort };
    const config = readConfig(environment, {
      temporaryFolder: tmpdir(),
      user: userName(),
      homeFolder: homedir,
      memoryBytes: memoryOfMachine(),
    });
    if (config.MODELS_DIR !== undefined) checkFolder('MODELS_DIR', config.MODELS_DIR);
    return [config, commandLine, new Keys(config)];
  } catch (error) {
    if (!(error instanceof ConfigError || error instanceof KeyError)) throw error;
    return refuse(error);
  }
}

/** Of the container, where it has less than the machine. */
function memoryOfMachine(): number {
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(totalmem(), constrained) : totalmem();
}

function refuse({ message }: Error): never {
  process.stderr.write(`${message}\n`);
  process.exit(EXIT_CONFIG);
}

function checkFolder(name: string, path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return;
  throw new ConfigError(`${name}: received ${JSON.stringify(path)}; allowed is the path of a folder that exists`);
}
