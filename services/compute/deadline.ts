import { ElucidError } from '../../schemas/errors.ts';

/**
 * Works for at most so long, whatever it waits for meanwhile: a model that is loaded, an image, a worker.
 * @param signal aborted when nobody waits for the result any more
 * @param work gets a signal that is aborted at the end of the time, too
 * @throws ElucidError `deadline`, or what the work throws
 */
export async function withinDeadline<Result>(
  timeoutMs: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const abort = new AbortController();
  const forward = () => abort.abort(signal.reason);
  signal.addEventListener('abort', forward, { once: true });
  if (signal.aborted) forward();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new ElucidError('deadline', `no result within ${timeoutMs} ms`));
      abort.abort();
    }, timeoutMs);
  });
  try {
    return await Promise.race([work(abort.signal), late]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', forward);
  }
}
