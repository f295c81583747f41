import { setTimeout } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { withinDeadline } from '../../services/compute/deadline.ts';

const nobody = () => new AbortController().signal;

test('work that is done in time gives its result, or its error', async () => {
  expect(await withinDeadline(5000, nobody(), async () => 7)).toBe(7);
  await expect(
    withinDeadline(5000, nobody(), async () => {
      throw new RangeError('of the work');
    }),
  ).rejects.toThrow('of the work');
});

test('work that never ends is given up, and gets to know it', async () => {
  let aborted = false;
  const forever = withinDeadline(20, nobody(), (signal) => {
    signal.addEventListener('abort', () => {
      aborted = true;
    });
    return new Promise<never>(() => {});
  });
  await expect(forever).rejects.toMatchObject({ code: 'deadline', message: 'no result within 20 ms' });
  expect(aborted).toBe(true);
});

test('the work gets to know that its client has gone', async () => {
  const client = new AbortController();
  const work = (signal: AbortSignal) => setTimeout(10_000, undefined, { signal });
  const waiting = withinDeadline(5000, client.signal, work);
  client.abort();
  await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
  await expect(withinDeadline(5000, client.signal, work)).rejects.toMatchObject({ name: 'AbortError' });
});
