import { resample } from '../../services/rendering/resample.ts';

const ramp = { width: 3, height: 2, data: new Float32Array([1, 2, 3, 4, 5, 6]) };

test('nearest repeats every value as a block', () => {
  const { data } = resample(ramp, 6, 4, 'nearest');
  const expected = Array.from({ length: 24 }, (_, i) => {
    const [x, y] = [i % 6, Math.floor(i / 6)];
    return ramp.data[Math.floor(y / 2) * 3 + Math.floor(x / 2)];
  });
  expect(Array.from(data)).toEqual(expected);
});

test('cubic keeps constants, and goes through the values where pixels coincide', () => {
  const flat = resample({ width: 4, height: 4, data: new Float32Array(16).fill(2.5) }, 11, 7, 'cubic');
  for (const value of flat.data) expect(value).toBeCloseTo(2.5, 5);
  const tripled = resample(ramp, 9, 6, 'cubic');
  const middles = [1, 4, 7].map((x) => tripled.data[9 + x]);
  expect(middles).toEqual([1, 2, 3]);
});

test('cubic follows a straight line exactly away from the border', () => {
  const line = { width: 10, height: 1, data: Float32Array.from({ length: 10 }, (_, i) => i) };
  const { data } = resample(line, 40, 1, 'cubic');
  for (let x = 8; x < 32; x++) expect(data[x]).toBeCloseTo((x + 0.5) / 4 - 0.5, 5);
});

test.each(['nearest', 'cubic'] as const)('shrinking with %s averages, so that the mean stays', (interpolation) => {
  const data = Float32Array.from({ length: 70 }, (_, i) => Math.sin(i * i));
  const small = resample({ width: 10, height: 7, data }, 4, 3, interpolation).data;
  const mean = (list: Float32Array) => list.reduce((sum, value) => sum + value, 0) / list.length;
  expect(mean(small)).toBeCloseTo(mean(data), 5);
});
