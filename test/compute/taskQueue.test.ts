import { ElucidError } from '../../schemas/errors.ts';
import { TaskQueue, type TaskQueueOptions } from '../../services/compute/taskQueue.ts';

/** A queue whose runs finish when the test says so. */
function controlled(options: Partial<TaskQueueOptions<string, string>> = {}) {
  const runs: { tasks: readonly string[]; finish(): void; fail(error: Error): void }[] = [];
  const queue = new TaskQueue<string, string>({
    slots: 1,
    maxWaiting: 10,
    maxRows: 4,
    timeoutMs: 10_000,
    run: (tasks) =>
      new Promise((resolve, reject) => {
        runs.push({ tasks, finish: () => resolve(tasks.map((task) => task.toUpperCase())), fail: reject });
      }),
    ...options,
  });
  return { queue, runs };
}

const forever = () => new AbortController().signal;
const settled = () => new Promise((resolve) => setImmediate(resolve));

test('waiting tasks of one key run as one batch, others keep their order', async () => {
  const { queue, runs } = controlled();
  const submit = (task: string, key: string) => queue.submit(task, { key, rows: 1, signal: forever() });
  const all = [submit('a', 'x'), submit('b', 'x'), submit('c', 'y'), submit('d', 'x')];
  expect(runs.map(({ tasks }) => tasks)).toEqual([['a']]);
  runs[0]?.finish();
  await settled();
  expect(runs[1]?.tasks).toEqual(['b', 'd']);
  runs[1]?.finish();
  await settled();
  expect(runs[2]?.tasks).toEqual(['c']);
  runs[2]?.finish();
  expect((await Promise.all(all)).map(({ result, rows }) => [result, rows])).toEqual([
    ['A', 1],
    ['B', 2],
    ['C', 1],
    ['D', 2],
  ]);
});

test('a batch holds at most maxRows rows, but a larger task runs alone', async () => {
  const { queue, runs } = controlled();
  const tasks = Object.entries({ first: 1, three: 3, two: 2, one: 1, nine: 9 });
  const all = tasks.map(([task, rows]) => queue.submit(task, { key: 'x', rows, signal: forever() }));
  runs[0]?.finish();
  await settled();
  expect(runs[1]?.tasks).toEqual(['three', 'one']);
  runs[1]?.finish();
  await settled();
  expect(runs[2]?.tasks).toEqual(['two']);
  runs[2]?.finish();
  await settled();
  expect(runs[3]?.tasks).toEqual(['nine']);
  runs[3]?.finish();
  await Promise.all(all);
});

test('tasks of many runs leave one of several slots to the others', async () => {
  const { queue, runs } = controlled({ slots: 2 });
  const tasks = Object.entries({ long: 9, longer: 10, short: 1 });
  const all = tasks.map(([task, rows]) => queue.submit(task, { key: task, rows, signal: forever() }));
  expect(runs.map(({ tasks: [task] }) => task)).toEqual(['long', 'short']);
  runs[1]?.finish();
  await settled();
  expect(runs).toHaveLength(2);
  runs[0]?.finish();
  await settled();
  expect(runs[2]?.tasks).toEqual(['longer']);
  runs[2]?.finish();
  await Promise.all(all);
});

test('a task whose client has gone leaves the queue and is never run', async () => {
  const { queue, runs } = controlled();
  const client = new AbortController();
  const running = queue.submit('running', { key: 'x', rows: 1, signal: forever() });
  const waiting = queue.submit('waiting', { key: 'x', rows: 1, signal: client.signal });
  client.abort();
  await expect(waiting).rejects.toMatchObject({ code: 'gone' });
  expect(queue.length).toBe(0);
  runs[0]?.finish();
  await running;
  await settled();
  expect(runs).toHaveLength(1);
});

test('a full queue refuses, and names its size', async () => {
  const { queue, runs } = controlled({ maxWaiting: 1 });
  const submit = () => queue.submit('a', { key: 'x', rows: 1, signal: forever() });
  const accepted = [submit(), submit()];
  await expect(submit()).rejects.toMatchObject({ code: 'queue-full', message: expect.stringContaining('1 ') });
  runs[0]?.finish();
  await settled();
  runs[1]?.finish();
  await Promise.all(accepted);
});

test('a task that gets no result in time fails with deadline', async () => {
  const { queue } = controlled({ timeoutMs: 5 });
  const late = queue.submit('a', { key: 'x', rows: 1, signal: forever() });
  await expect(late).rejects.toMatchObject({ code: 'deadline' });
});

test('a run that fails fails all of its tasks, and the next one runs', async () => {
  const { queue, runs } = controlled();
  const failing = queue.submit('a', { key: 'x', rows: 1, signal: forever() });
  const next = queue.submit('b', { key: 'y', rows: 1, signal: forever() });
  runs[0]?.fail(new ElucidError('worker-lost', 'lost'));
  await expect(failing).rejects.toMatchObject({ code: 'worker-lost' });
  runs[1]?.finish();
  expect((await next).result).toBe('B');
});

test('a closed queue refuses what waits and what comes', async () => {
  const { queue, runs } = controlled();
  const running = queue.submit('a', { key: 'x', rows: 1, signal: forever() });
  const waiting = queue.submit('b', { key: 'x', rows: 1, signal: forever() });
  queue.close();
  await expect(waiting).rejects.toMatchObject({ code: 'stopping' });
  await expect(queue.submit('c', { key: 'x', rows: 1, signal: forever() })).rejects.toMatchObject({ code: 'stopping' });
  runs[0]?.finish();
  expect((await running).result).toBe('A');
});
