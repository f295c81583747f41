import { colourScale } from '../../services/rendering/colourScale.ts';

const values = new Float32Array([-4, 1, 0, 3, -2]);

test('max-abs is the largest distance from zero', () => {
  expect(colourScale(values, { normalise: 'max-abs', percentile: 50 })).toBe(4);
});

test.each([
  [100, 4],
  [50, 2],
  [75, 3],
  [90, 3.6],
])('the %d percentile of |relevance| 0, 1, 2, 3, 4 is %d', (percentile, expected) => {
  expect(colourScale(values, { normalise: 'percentile', percentile })).toBeCloseTo(expected, 6);
});

test('a percentile of zero gives way to the largest, so that sparse relevance is seen', () => {
  const sparse = new Float32Array(1000);
  sparse[7] = -5;
  expect(colourScale(sparse, { normalise: 'percentile', percentile: 99.5 })).toBe(5);
});

test('relevance that is zero everywhere has the scale zero', () => {
  expect(colourScale(new Float32Array(9), { normalise: 'percentile', percentile: 99.5 })).toBe(0);
  expect(colourScale(new Float32Array(9), { normalise: 'max-abs', percentile: 99.5 })).toBe(0);
});
