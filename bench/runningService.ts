import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { Agent, get } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';

const ROOT = join(import.meta.dirname, '..');

/** Longest that a start may take, and the pause between two questions whether it is over. */
const PATIENCE_MS = 60_000;
const PAUSE_MS = 5;

/** The built service as a process of its own, on a free port. */
export interface RunningService {
  readonly url: string;
  readonly pid: number;
  /** From the start of the process until GET /health/ready answered 200. */
  readonly startMs: number;
  stop(): Promise<void>;
}

export interface StartOptions {
  readonly cacheDir: string;
  /** Folder that holds dist/ and models/zoo/. */
  readonly home?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** @throws Error when dist/ is missing or the service does not become ready */
export async function startService({ cacheDir, home = ROOT, environment = {} }: StartOptions): Promise<RunningService> {
  const port = await freePort();
  const dataDir = await mkdtemp(join(tmpdir(), 'elucid-data-'));
  const started = performance.now();
  const child = spawn(process.execPath, await startArguments(home), {
    cwd: home,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...process.env,
      ...environment,
      HOST: '127.0.0.1',
      PORT: String(port),
      CACHE_DIR: cacheDir,
      DATA_DIR: dataDir,
      LOG_LEVEL: 'warn',
    },
  });
  const url = `http://127.0.0.1:${port}`;
  try {
    await ready(child, url);
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
  return {
    url,
    pid: child.pid ?? 0,
    startMs: performance.now() - started,
    stop: () => stopped(child).finally(() => rm(dataDir, { recursive: true, force: true })),
  };
}

/** What `npm start` hands to node after the build. */
async function startArguments(home: string): Promise<string[]> {
  const content: unknown = JSON.parse(await readFile(join(home, 'package.json'), 'utf8'));
  const { scripts } = z.object({ scripts: z.object({ start: z.string() }) }).parse(content);
  const [, argumentsOfNode] = /&& node (\S.*)$/.exec(scripts.start) ?? [];
  if (argumentsOfNode === undefined) throw new Error('the script start of package.json does not end with node ...');
  return argumentsOfNode.split(' ');
}

/** Gives `use` a service with an empty cache of its own, and removes both afterwards. */
/** Starts a service of its own, with an empty cache, for what `use` does. */
export async function withService<Result>(
  use: (service: RunningService) => Promise<Result>,
  environment: Readonly<Record<string, string>> = {},
): Promise<Result> {
  return withTemporaryFolder(async (cacheDir) => {
    const service = await startService({ cacheDir, environment });
    try {
      return await use(service);
    } finally {
      await service.stop();
    }
  });
}

export async function withTemporaryFolder<Result>(use: (path: string) => Promise<Result>): Promise<Result> {
  const path = await mkdtemp(join(tmpdir(), 'elucid-'));
  try {
    return await use(path);
  } finally {
    await rm(path, { recursive: true, force: true });
  }
}

async function ready(child: ChildProcess, url: string): Promise<void> {
  const agent = new Agent({ keepAlive: true });
  const deadline = performance.now() + PATIENCE_MS;
  try {
    while ((await statusOf(`${url}/health/ready`, agent)) !== 200) {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error('the service ended while it started');
      if (performance.now() > deadline) throw new Error(`the service is not ready after ${PATIENCE_MS / 1000} s`);
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  } finally {
    agent.destroy();
  }
}

function statusOf(url: string, agent: Agent): Promise<number> {
  return new Promise((resolve) => {
    const request = get(url, { agent }, (response) => {
      response.resume();
      response.once('end', () => resolve(response.statusCode ?? 0));
    });
    request.once('error', () => resolve(0));
  });
}

function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGTERM');
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
