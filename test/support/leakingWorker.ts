import { setTimeout } from 'node:timers/promises';
import { serveTasks } from '../../services/compute/serveTasks.ts';
import { workerSetup } from '../../services/compute/workerSetup.ts';

/** A task for tests: keeps so many bytes for ever, takes so long, and gives back its number. */
export interface LeakingTask {
  readonly number: number;
  readonly bytes: number;
  readonly ms: number;
}

export interface LeakingReply {
  readonly number: number;
  readonly pid: number;
  /** As this process counts it itself. */
  readonly rss: number;
}

workerSetup();
const leaked: Buffer[] = [];

export default serveTasks<LeakingTask, LeakingReply>(async ({ number, bytes, ms }) => {
  if (bytes > 0) leaked.push(Buffer.alloc(bytes, 1));
  await setTimeout(ms);
  return { number, pid: process.pid, rss: process.memoryUsage.rss() };
});
