import { readdir, readFile } from 'node:fs/promises';

export type WorkerKind = 'explain' | 'ingest' | 'jobs';

export interface Worker {
  readonly pid: number;
  readonly kind: WorkerKind;
}

/** The workers of the service whose TMPDIR is a folder; proc(5). */
export async function workersOf(folder: string): Promise<Worker[]> {
  const all = await Promise.all((await processesOf(folder)).map(async (pid) => ({ pid, kind: await kindOf(pid) })));
  return all.filter((worker): worker is Worker => worker.kind !== null);
}

/** Processes that run and whose environment names the folder as TMPDIR. */
export async function processesOf(folder: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const own = await Promise.all(
    pids.map(async (pid) => (await variables(pid)).includes(`TMPDIR=${folder}`) && !(await hasEnded(pid))),
  );
  return pids.filter((_, i) => own[i] === true);
}

/** Whether the process was still there to get the signal. */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
    throw error;
  }
}

async function kindOf(pid: number): Promise<WorkerKind | null> {
  const setup = (await variables(pid)).find((variable) => variable.startsWith('ELUCID_WORKER_SETUP='));
  if (setup === undefined) return null;
  if (setup.includes('"maxPixels"')) return 'ingest';
  if ((await read(pid, 'cmdline')).includes('prototypeWorker')) return 'jobs';
  return setup.includes('"timeoutMs"') ? 'explain' : null;
}

async function variables(pid: number): Promise<string[]> {
  return (await read(pid, 'environ')).split('\0');
}

/** A zombie waits for its parent, and does nothing else. */
async function hasEnded(pid: number): Promise<boolean> {
  const stat = await read(pid, 'stat');
  const [state = 'Z'] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return state === 'Z' || state === 'X';
}

/** Empty for a process that is gone, or another user's. */
async function read(pid: number, file: string): Promise<string> {
  return readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '');
}
