import { describe, expect, test } from '@jest/globals';
import { ReportTimes } from '../../services/compute/prototype/reportTimes.ts';

/** What is told of steps at these times; `last` is the last one of them. */
function told(times: readonly number[], last = false) {
  let now = 0;
  const reports = new ReportTimes(() => now);
  return times.map((time, index) => {
    now = time;
    return reports.due(last && index === times.length - 1);
  });
}

const NOTHING = { progress: false, images: false, snapshot: false };

describe('what is told of the steps of a search', () => {
  test('of the first one everything', () => {
    expect(told([0])).toEqual([{ progress: true, images: true, snapshot: true }]);
  });

  test('slow steps all, quick ones every 100 ms', () => {
    expect(told([0, 150, 320]).map(({ progress }) => progress)).toEqual([true, true, true]);
    const quick = told(Array.from({ length: 100 }, (_, i) => 7 * i)).flatMap(({ progress }, i) => (progress ? i : []));
    // 0, then the first multiple of 7 ms that is 100 ms later.
    expect(quick).toEqual([0, 15, 30, 45, 60, 75, 90]);
  });

  test('pictures once a second, snapshots every two, each with the progress', () => {
    const steps = told(Array.from({ length: 501 }, (_, i) => 10 * i));
    const at = (what: keyof typeof NOTHING) => steps.flatMap((due, i) => (due[what] ? 10 * i : []));
    expect(at('images')).toEqual([0, 1000, 2000, 3000, 4000, 5000]);
    expect(at('snapshot')).toEqual([0, 2000, 4000]);
    expect(at('progress')).toEqual(expect.arrayContaining([...at('images'), ...at('snapshot')]));
  });

  test('of the last one before a cancel the snapshot, however soon', () => {
    expect(told([0, 1, 2], true).at(-1)).toEqual({ progress: true, images: false, snapshot: true });
    expect(told([0, 1, 2]).at(-1)).toEqual(NOTHING);
  });
});
