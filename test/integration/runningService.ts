import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';

const SERVER = join(import.meta.dirname, '../../services/server.ts');

/** The whole service in a process of its own, with folders of its own for its cache and its jobs. */
export interface RunningService {
  readonly url: string;
  readonly pid: number;
  /** Lines that it logged so far. */
  readonly log: readonly string[];
  /** Its worker processes, of both kinds. */
  workers(): Promise<number[]>;
  /** Everything that it started. */
  descendants(): Promise<number[]>;
  /** Sends a signal and waits for the end; the exit status and how long it took. */
  stop(signal?: NodeJS.Signals): Promise<{ code: number | null; ms: number }>;
}

/** Another module of the process, and its arguments. */
interface StartOptions {
  readonly server?: string;
  readonly commandLine?: readonly string[];
}

/** The services that no test has stopped yet, by process. */
const running = new Set<number>();

/** Ends every service that a failed test left: a process that runs would keep the test run from ending. */
export function endServices(): void {
  for (const pid of running) process.kill(-pid, 'SIGKILL');
}

/** Starts the service on a free port and waits until it listens. */
export async function startService(
  environment: Readonly<Record<string, string>> = {},
  { server = SERVER, commandLine = [] }: StartOptions = {},
): Promise<RunningService> {
  const folder = await mkdtemp(join(tmpdir(), 'elucid-test-'));
  const folders = { CACHE_DIR: join(folder, 'cache'), DATA_DIR: join(folder, 'data') };
  const child = spawn(process.execPath, ['--import', 'tsx', server, ...commandLine], {
    env: { ...process.env, NODE_OPTIONS: '', PORT: '0', ...folders, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  const log: string[] = [];
  const exited = once(child, 'exit');
  const { pid } = child;
  if (pid === undefined) throw new Error('the service has no process');
  running.add(pid);
  let stopping = false;
  exited.then(([code, signal]) => {
    running.delete(pid);
    if (!stopping)
      process.stderr.write(
        `the service ended by itself (${code ?? signal}):\n${log.filter((line) => !line.includes('"answered"')).join('\n')}\n`,
      );
  });
  const url = await listening(createInterface(child.stdout), log, exited);
  return {
    url,
    pid,
    log,
    workers: async () =>
      (await descendantsOf(pid)).filter(({ command }) => command.includes('tinypool')).map((worker) => worker.pid),
    descendants: async () => (await descendantsOf(pid)).map((descendant) => descendant.pid),
    stop: async (signal = 'SIGTERM') => {
      stopping = true;
      const started = performance.now();
      // A terminal sends ctrl-C to all processes of the group; everything else is sent to the service alone.
      process.kill(signal === 'SIGINT' ? -pid : pid, signal);
      const [code] = await exited;
      await rm(folder, { recursive: true, force: true });
      return { code, ms: performance.now() - started };
    },
  };
}

/** Those of some processes that still run after at most `patienceMs`; ended ones that nobody waited for do not count. */
export async function stillRunning(pids: readonly number[], patienceMs = 5000): Promise<number[]> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const running = (await processes()).filter(({ pid, state }) => pids.includes(pid) && !state.startsWith('Z'));
    if (running.length === 0 || performance.now() > deadline) return running.map(({ pid }) => pid);
    await setTimeout(100);
  }
}

/** Fulfils with the URL that the service logs when it listens. */
function listening(lines: Interface, log: string[], exited: Promise<unknown>): Promise<string> {
  return new Promise((resolve, reject) => {
    lines.on('line', (line) => {
      log.push(line);
      const url = /explains at (http:[^;]+);/.exec(line)?.[1];
      if (url !== undefined) resolve(url);
    });
    exited.then(() => reject(new Error(`the service ended before it listened:\n${log.join('\n')}`)));
  });
}

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly state: string;
  readonly command: string;
}

async function processes(): Promise<Process[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=,stat=,args=']);
  return stdout.split('\n').flatMap((line) => {
    const [, pid, parent, state = '', command = ''] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    return pid === undefined ? [] : [{ pid: Number(pid), parent: Number(parent), state, command }];
  });
}

/** All processes below one. */
async function descendantsOf(root: number): Promise<Process[]> {
  const all = await processes();
  const below = (parent: number): Process[] =>
    all.filter((process) => process.parent === parent).flatMap((process) => [process, ...below(process.pid)]);
  return below(root);
}
