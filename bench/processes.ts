import { readdir, readFile } from 'node:fs/promises';

/** Memory of a process and everything it started. */
export interface ProcessMemory {
  readonly processes: number;
  /** Proportional set size: shared pages are split between those that share them. */
  readonly pssMib: number;
}

/** The memory of a process and all its descendants; Linux only. */
export async function memoryOfTree(pid: number): Promise<ProcessMemory> {
  const members = descendants(pid, await parents());
  const sizes = await Promise.all(members.map(pssKib));
  return { processes: members.length, pssMib: sizes.reduce((sum, size) => sum + size, 0) / 1024 };
}

/** The parent of every process. */
async function parents(): Promise<ReadonlyMap<number, number>> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const pairs = await Promise.all(
    pids.map(async (pid): Promise<[number, number]> => {
      const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
      // The name of the command stands in parentheses and may hold anything.
      const [, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return [pid, Number(parent ?? 0)];
    }),
  );
  return new Map(pairs);
}

/** Processor time that a process has used so far, in milliseconds, and that of all its descendants together. */
export interface ProcessorTime {
  readonly main: number;
  readonly descendants: number;
}

export async function processorTimeOfTree(pid: number): Promise<ProcessorTime> {
  const members = descendants(pid, await parents());
  const [main = 0, ...others] = await Promise.all(members.map(processorMs));
  return { main, descendants: others.reduce((sum, ms) => sum + ms, 0) };
}

/** User and system time; the kernel counts in hundredths of a second. */
async function processorMs(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

function descendants(root: number, parentOf: ReadonlyMap<number, number>): number[] {
  const members = [root];
  for (const member of members) {
    for (const [pid, parent] of parentOf) if (parent === member) members.push(pid);
  }
  return members;
}

async function pssKib(pid: number): Promise<number> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
  return Number(/^Pss:\s+(\d+) kB$/m.exec(rollup)?.[1] ?? Number.NaN);
}
