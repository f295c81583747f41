import { seededRandom } from '../../../training/random.ts';
import { areaUnderCurve } from '../../../training/realism/areaUnderCurve.ts';

describe('areaUnderCurve', () => {
  it('is the share of pairs in which the positive scores higher, ties counting one half', () => {
    const random = seededRandom(4);
    const positives = Array.from({ length: 60 }, () => Math.floor(12 * random() + 2));
    const negatives = Array.from({ length: 45 }, () => Math.floor(12 * random()));
    let higher = 0;
    for (const positive of positives) {
      for (const negative of negatives) higher += positive > negative ? 1 : positive === negative ? 0.5 : 0;
    }
    expect(areaUnderCurve(positives, negatives)).toBeCloseTo(higher / (60 * 45), 12);
  });

  it.each([
    [1, [3, 4], [1, 2]],
    [0, [1, 2], [3, 4]],
    [0.5, [1, 1], [1]],
  ])('is %d for %j against %j', (area, positives, negatives) => {
    expect(areaUnderCurve(positives, negatives)).toBe(area);
  });
});
