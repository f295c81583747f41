import { JobProcess } from '../../services/compute/jobProcess.ts';
import type { CountingTask } from './countingJob.ts';

/** Runs a job while no process can be started, and one afterwards; prints what came of them. */
const module = new URL('./countingJob.ts', import.meta.url);
const jobs = new JobProcess<CountingTask, number, { readonly sum: number }>({ module, setup: { start: 1 } });
const hooks = { signal: new AbortController().signal, onReport: () => {} };
const task = { kind: 'count', to: 4, values: new Float32Array() } as const;

const { execPath } = process;
process.execPath = '/nowhere/node';
const refused = await jobs.run(task, hooks).then(
  () => null,
  ({ code, message }) => ({ code, message }),
);
process.execPath = execPath;
const { sum } = await jobs.run(task, hooks);
await jobs.close();
process.stdout.write(JSON.stringify({ refused, sum }));
