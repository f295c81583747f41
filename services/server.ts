import { statSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import closeWithGrace from 'close-with-grace';
import type { FastifyInstance } from 'fastify';
import pino, { type Logger } from 'pino';
import { packageFolder } from '../models/packageFolder.ts';
import { FileHashes } from '../models/registry/fileHashes.ts';
import { LiveRegistry } from '../models/registry/liveRegistry.ts';
import { openRegistry } from '../models/registry/registry.ts';
import { userName } from '../models/tensors/defaultFolder.ts';
import type { ExplanationService } from './compute/explanation.ts';
import { openExplanationService } from './compute/service.ts';
import { type Config, ConfigError, readConfig } from './config.ts';
import { logCheck, logModels, reload } from './reload.ts';

/** After this the process ends, whatever still runs. */
const STOP_MS = 10_000;

/** Exit status for a configuration that cannot be used (EX_CONFIG of sysexits.h). */
const EXIT_CONFIG = 78;

await main();

/** Starts the service, and stops it on SIGINT and SIGTERM. */
async function main(): Promise<void> {
  const config = readConfigOrExit();
  const logger = openLogger(config);
  try {
    await serve(config, logger);
  } catch (error) {
    logger.fatal({ err: error }, 'the service cannot start');
    process.exitCode = 1;
  }
}

async function serve(config: Config, logger: Logger): Promise<void> {
  const home = packageFolder(fileURLToPath(import.meta.url));
  const folders = { zooDir: join(home.path, 'models', 'zoo'), modelsDir: config.MODELS_DIR ?? null };
  const registry = new LiveRegistry(await openRegistry(folders, await FileHashes.open(config.CACHE_DIR)));
  logModels(registry, logger);
  const service = await openService(config, registry, logger);
  const reloadModels = () => reload(registry, service, logger);
  try {
    // The worker processes start while this one loads what it needs for HTTP.
    const { buildApp } = await import('./app.ts');
    const app = await buildApp({ config, logger, service, registry, reloadModels, version: home.version });
    await app.listen({
      host: config.HOST,
      port: config.PORT,
      listenTextResolver: (url) => `elucid ${home.version} explains at ${url}; documentation at ${url}/docs`,
    });
    reloadOnHangup(reloadModels, logger);
    stopGracefully(app, service, logger);
  } catch (error) {
    await service.close();
    throw error;
  }
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
    checkDelayMs: config.CACHE_CHECK_DELAY_MS,
    onCheck: (event) => logCheck(event, logger),
    onModelFailed: (model) => registry.distrust(model),
  });
}

/** SIGHUP reads the models again, as for other daemons; from a terminal that is closed it ends the service. */
function reloadOnHangup(reloadModels: () => Promise<unknown>, logger: Logger): void {
  if (process.stdout.isTTY) return;
  process.on('SIGHUP', () => {
    reloadModels().catch((error: unknown) => logger.error({ err: error }, 'the models cannot be read again'));
  });
}

/** Ends running requests, then the workers, then the process. */
function stopGracefully(app: FastifyInstance, service: ExplanationService, logger: Logger): void {
  const skip: ['SIGHUP'] | [] = process.stdout.isTTY ? [] : ['SIGHUP'];
  const log = { error: (message: string) => logger.error(message) };
  closeWithGrace({ delay: STOP_MS, skip, logger: log }, async ({ signal, err }) => {
    if (err !== undefined) logger.fatal({ err }, 'unexpected error, stopping');
    else logger.info(`${signal}: stopping`);
    await app.close();
    await service.close();
    logger.info('stopped');
  });
}

/** Colours and short lines for a terminal, JSON for everything else. */
function openLogger({ LOG_LEVEL: level }: Config): Logger {
  if (!process.stdout.isTTY) return pino({ level });
  return pino({
    level,
    transport: { target: 'pino-pretty', options: { ignore: 'pid,hostname', translateTime: 'HH:MM:ss' } },
  });
}

function readConfigOrExit(): Config {
  try {
    const config = readConfig(process.env, { temporaryFolder: tmpdir(), user: userName() });
    if (config.MODELS_DIR !== undefined) checkFolder('MODELS_DIR', config.MODELS_DIR);
    return config;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(EXIT_CONFIG);
  }
}

function checkFolder(name: string, path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return;
  throw new ConfigError(`${name}: received ${JSON.stringify(path)}; allowed is the path of a folder that exists`);
}
