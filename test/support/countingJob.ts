import { ElucidError } from '../../schemas/errors.ts';
import { serveJobs } from '../../services/compute/serveJobs.ts';
import { workerSetup } from '../../services/compute/workerSetup.ts';

/** A job for tests: counts to `to`, reporting every number; or fails, dies, or goes on for ever. */
export type CountingTask =
  | { readonly kind: 'count'; readonly to: number; readonly values: Float32Array }
  | { readonly kind: 'fail' }
  | { readonly kind: 'exit'; readonly code: number }
  | { readonly kind: 'forever' };

const { start } = workerSetup<{ start: number }>();

serveJobs<CountingTask, number, { readonly sum: number; readonly doubled: Float32Array }>(async (task, tools) => {
  if (task.kind === 'fail') throw new ElucidError('invalid', 'that is impossible', [{ pointer: '/a', detail: 'b' }]);
  if (task.kind === 'exit') process.exit(task.code);
  const to = task.kind === 'forever' ? Number.POSITIVE_INFINITY : task.to;
  let sum = 0;
  for (let number = start; number <= to; number += 1) {
    tools.signal.throwIfAborted();
    tools.report(number);
    sum += number;
    await new Promise(setImmediate);
  }
  return { sum, doubled: task.kind === 'count' ? task.values.map((value) => 2 * value) : new Float32Array() };
});
