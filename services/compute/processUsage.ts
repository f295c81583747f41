import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/** What a process uses now; null where the system does not tell. */
export interface ProcessUsage {
  /** Bytes of memory that it shares with nobody. Mapped files, weights among them, do not count. */
  readonly privateBytes: number | null;
  /** Processor time since its start, in ticks of the kernel. */
  readonly processorTicks: number | null;
}

const KIB = 1024;

/**
 * Linux: anonymous memory, in RAM and swapped out, and the processor time (proc(5), status and stat); counters of the kernel,
 * which cost nothing to read however much is mapped. Other systems: the resident size that ps(1) tells, in which mapped files
 * do count. Nothing is known of a process that is gone.
 */
export async function usageOf(pid: number): Promise<ProcessUsage> {
  if (process.platform !== 'linux') return { privateBytes: await residentBytes(pid), processorTicks: null };
  const [status, stat] = await Promise.all([readProc(pid, 'status'), readProc(pid, 'stat')]);
  return {
    privateBytes: status === null ? null : anonymousBytes(status),
    processorTicks: stat === null ? null : ticksOf(stat),
  };
}

/** null for a process that has no memory any more. @param status the text of /proc/PID/status */
function anonymousBytes(status: string): number | null {
  const kib = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? Number.NaN);
  const bytes = (kib('RssAnon') + kib('VmSwap')) * KIB;
  return Number.isNaN(bytes) ? null : bytes;
}

/** User and system time. @param stat the text of /proc/PID/stat */
function ticksOf(stat: string): number {
  // The name of the command stands in parentheses and may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

/** null for a process that is gone, or is not ours to look at. */
async function readProc(pid: number, file: string): Promise<string | null> {
  return readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => null);
}

async function residentBytes(pid: number): Promise<number | null> {
  const told = await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)]).catch(() => null);
  return told === null ? null : Number(told.stdout) * KIB;
}
