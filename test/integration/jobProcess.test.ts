import { execFile } from 'node:child_process';
import { getPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { JobProcess } from '../../services/compute/jobProcess.ts';
import type { CountingTask } from '../support/countingJob.ts';

type Result = { readonly sum: number; readonly doubled: Float32Array };

const module = new URL('../support/countingJob.ts', import.meta.url);
const count: CountingTask = { kind: 'count', to: 4, values: Float32Array.of(1, 2.5) };

describe('the process of jobs', () => {
  let jobs: JobProcess<CountingTask, number, Result>;
  beforeEach(() => {
    jobs = new JobProcess({ module, setup: { start: 1 } });
  });
  afterEach(() => jobs.close());

  const run = (task: CountingTask, onReport = (_: number) => {}, signal = new AbortController().signal) =>
    jobs.run(task, { signal, onReport });

  test('starts with the first job, at a low priority, and reports while it works', async () => {
    expect(jobs.pid).toBeNull();
    const reports: number[] = [];
    const result = await run(count, (report) => reports.push(report));
    expect(result).toEqual({ sum: 10, doubled: Float32Array.of(2, 5) });
    expect(reports).toEqual([1, 2, 3, 4]);
    expect(getPriority(jobs.pid ?? 0)).toBe(10);
  });

  test('what a job throws arrives whole, and the process goes on', async () => {
    const failed = run({ kind: 'fail' });
    await expect(failed).rejects.toMatchObject({
      name: 'ElucidError',
      code: 'invalid',
      faults: [{ pointer: '/a', detail: 'b' }],
    });
    const { pid } = jobs;
    await run(count);
    expect(jobs.pid).toBe(pid);
  });

  test('a cancelled job ends with the reason, and the process goes on', async () => {
    const cancel = new AbortController();
    const reason = new Error('cancelled by a test');
    const running = run({ kind: 'forever' }, (number) => number === 3 && cancel.abort(reason), cancel.signal);
    await expect(running).rejects.toBe(reason);
    const { pid } = jobs;
    expect((await run(count)).sum).toBe(10);
    expect(jobs.pid).toBe(pid);
  });

  test('a job that was cancelled before it began does not begin', async () => {
    await expect(run(count, () => {}, AbortSignal.abort(new Error('early')))).rejects.toThrow('early');
    expect(jobs.pid).toBeNull();
  });

  test('a process that is killed or exits is named, and the next job gets another', async () => {
    const killed = run({ kind: 'forever' }, (number) => {
      if (number === 2) process.kill(jobs.pid ?? 0, 'SIGKILL');
    });
    await expect(killed).rejects.toMatchObject({
      code: 'worker-lost',
      message: expect.stringMatching(/signal SIGKILL/),
    });
    const exited = run({ kind: 'exit', code: 7 });
    await expect(exited).rejects.toMatchObject({ code: 'worker-lost', message: expect.stringMatching(/exit code 7/) });
    expect((await run(count)).sum).toBe(10);
  });

  test('that cannot be started loses its job, and is tried again with the next one', async () => {
    const script = fileURLToPath(new URL('../support/unstartedJob.ts', import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', script], { timeout: 30_000 });
    const { refused, sum } = JSON.parse(stdout);
    expect(refused).toEqual({ code: 'worker-lost', message: expect.stringMatching(/could not be started: ENOENT$/) });
    expect(sum).toBe(10);
  });
});
