import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { JobProgress } from '../../schemas/jobs.ts';
import { JobIds } from '../../services/jobs/jobId.ts';
import { LatestWriter } from '../../services/jobs/latestWriter.ts';
import { ProgressReport } from '../../services/jobs/progressReport.ts';

describe('what is written of many values', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  test('is the first at once, then the newest of each interval', async () => {
    const written: [number, number][] = [];
    const start = performance.now();
    const writer = new LatestWriter<number>(
      100,
      async (value) => void written.push([performance.now() - start, value]),
    );
    for (let value = 0; value < 25; value += 1) {
      writer.put(value);
      await jest.advanceTimersByTimeAsync(10);
    }
    await writer.flush();
    expect(written).toEqual(
      [
        [0, 0],
        [100, 9],
        [200, 19],
        [250, 24],
      ].map(([at, value]) => [expect.closeTo(at ?? 0, 0), value]),
    );
  });

  test('is one at a time, however long a write takes', async () => {
    let running = 0;
    const written: number[] = [];
    const writer = new LatestWriter<number>(10, async (value) => {
      running += 1;
      expect(running).toBe(1);
      await new Promise((resolve) => setTimeout(resolve, 1000));
      running -= 1;
      written.push(value);
    });
    for (let value = 0; value < 150; value += 1) {
      writer.put(value);
      await jest.advanceTimersByTimeAsync(10);
    }
    const flushed = writer.flush();
    await jest.advanceTimersByTimeAsync(3000);
    await flushed;
    expect(written[0]).toBe(0);
    expect(written.at(-1)).toBe(149);
    expect(written).toHaveLength(3);
  });

  test('is nothing more after a drop', async () => {
    const written: number[] = [];
    const writer = new LatestWriter<number>(10, async (value) => void written.push(value));
    writer.put(1);
    writer.put(2);
    await writer.drop();
    await jest.advanceTimersByTimeAsync(100);
    expect(written).toEqual([1]);
  });

  test('previews come at most once a second, the newest of them', async () => {
    const told: [JobProgress, number | null][] = [];
    const report = new ProgressReport({
      intervalMs: 100,
      previewMs: 1000,
      write: async (progress, preview) => void told.push([progress, preview?.[0] ?? null]),
    });
    for (let step = 1; step <= 25; step += 1) {
      report.tell({ step, steps: 50, objective: null, eta_ms: null }, Uint8Array.of(step));
      await jest.advanceTimersByTimeAsync(100);
    }
    expect(told).toHaveLength(25);
    expect(told.flatMap(([, preview]) => preview ?? [])).toEqual([1, 11, 21]);
  });

  test('the end is estimated from the pace of this run; what the job says itself counts more', async () => {
    const told: JobProgress[] = [];
    const report = new ProgressReport({
      intervalMs: 0,
      previewMs: 0,
      write: async (progress) => void told.push(progress),
    });
    const tell = async (step: number, eta_ms: number | null = null) => {
      report.tell({ step, steps: 100, objective: -1, eta_ms }, null);
      await report.flush();
      await jest.advanceTimersByTimeAsync(1000);
    };
    await tell(40); // where a checkpoint was
    await tell(42);
    await tell(50);
    await tell(60, 7);
    await tell(100);
    // 2 steps took 1 s: 58 more take 29 s. 10 steps took 2 s: 50 more take 10 s.
    expect(told.map(({ eta_ms }) => eta_ms)).toEqual([null, 29_000, 10_000, 7, 0]);
  });
});

test('ids rise, within a millisecond and when the clock goes back, and are UUIDs of version 7', () => {
  const ids = new JobIds();
  const times = [1e12, 1e12, 1e12 + 5, 1e12 - 1000, ...Array.from({ length: 10_000 }, () => 1e12 + 5), 1.1e12];
  const made = times.map((time) => ids.next(time));
  expect([...made].sort()).toEqual(made);
  expect(new Set(made).size).toBe(made.length);
  for (const id of made) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(Number.parseInt((made.at(-1) ?? '').replace('-', '').slice(0, 12), 16)).toBe(1.1e12);
});
