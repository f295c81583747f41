/** Quantiles of some durations, in milliseconds. */
export interface Quantiles {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

export function quantiles(durations: readonly number[]): Quantiles {
  const sorted = [...durations].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}

/** Calls `once` so many times, after a warm-up, one after another. */
export async function repeat<Result>(warmup: number, times: number, once: () => Promise<Result>): Promise<Result[]> {
  for (let i = 0; i < warmup; i += 1) await once();
  const results: Result[] = [];
  for (let i = 0; i < times; i += 1) results.push(await once());
  return results;
}
