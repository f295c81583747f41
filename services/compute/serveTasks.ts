import { plainError } from './workerStart.ts';

/** What goes to a pool's process. */
export interface AskedTask<Task> {
  readonly id: number;
  readonly task: Task;
}

/** What comes from it: that it listens, then for every task its result or what was thrown, in any order. */
export type ToldByWorker<Result> =
  | { readonly kind: 'serving' }
  | { readonly kind: 'done'; readonly id: number; readonly result: Result }
  | { readonly kind: 'failed'; readonly id: number; readonly error: unknown };

/**
 * The default export of a pool's worker module: tinypool calls it once, and it lasts as long as the process. Tasks come and
 * go as messages of the process; as tasks of tinypool they would be copied once more, through a port, on each way.
 */
export function serveTasks<Task, Result>(handle: (task: Task) => Promise<Result>): () => Promise<never> {
  return () =>
    new Promise<never>(() => {
      process.on('message', (message) => {
        if (isAsked<Task>(message)) void answer(handle, message);
      });
      tell<Result>({ kind: 'serving' });
    });
}

async function answer<Task, Result>(
  handle: (task: Task) => Promise<Result>,
  { id, task }: AskedTask<Task>,
): Promise<void> {
  const told = await handle(task).then(
    (result): ToldByWorker<Result> => ({ kind: 'done', id, result }),
    (error: unknown): ToldByWorker<Result> => ({ kind: 'failed', id, error: plainError(error) }),
  );
  tell(told);
}

/** Told to a pool that has gone, it is lost: this process ends with it. */
function tell<Result>(message: ToldByWorker<Result>): void {
  process.send?.(message, () => undefined);
}

/** tinypool's own messages come the same way. */
function isAsked<Task>(message: unknown): message is AskedTask<Task> {
  return typeof message === 'object' && message !== null && 'id' in message && 'task' in message;
}
