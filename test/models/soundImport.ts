import { ElucidError } from '../../schemas/errors.ts';

/**
 * Runs an import of files that may be hostile: only an `ElucidError` `model-failed` may come out, and memory may not grow
 * by more than 64 MiB.
 */
export async function expectSound(run: () => Promise<unknown>): Promise<void> {
  const before = process.memoryUsage().arrayBuffers;
  try {
    await run();
  } catch (error) {
    expect(error).toBeInstanceOf(ElucidError);
    expect(error).toMatchObject({ code: 'model-failed' });
  }
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 2 ** 20);
}
