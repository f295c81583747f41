import { quadrature } from '../../services/explanation/methods/quadrature.ts';
import { distance, total } from './closeness.ts';

/** What a quadrature makes of ∫₀¹ tⁿ dt = 1 / (n + 1). */
function momentOf({ points, weights }: ReturnType<typeof quadrature>, power: number): number {
  return total(points.map((t, i) => (weights[i] ?? Number.NaN) * t ** power));
}

test('right Riemann takes the right end of every interval', () => {
  expect(quadrature('right-riemann', 4)).toEqual({ points: [0.25, 0.5, 0.75, 1], weights: [0.25, 0.25, 0.25, 0.25] });
});

test('the trapezoid rule takes both ends of every interval', () => {
  expect(quadrature('trapezoid', 2)).toEqual({ points: [0, 0.5, 1], weights: [0.25, 0.5, 0.25] });
  expect(quadrature('trapezoid', 1)).toEqual({ points: [0, 1], weights: [0.5, 0.5] });
});

test.each([
  [1, [0.5], [1]],
  [2, [1 / Math.sqrt(3), -1 / Math.sqrt(3)].map((x) => (1 + x) / 2), [1 / 2, 1 / 2]],
  [3, [Math.sqrt(0.6), 0, -Math.sqrt(0.6)].map((x) => (1 + x) / 2), [5 / 18, 8 / 18, 5 / 18]],
])('Gauss-Legendre with %i points takes the known ones', (steps, points, weights) => {
  const known = quadrature('gauss-legendre', steps);
  expect(distance(known.points, points)).toBeLessThan(1e-14);
  expect(distance(known.weights, weights)).toBeLessThan(1e-14);
});

test.each([1, 2, 5, 12, 32])('Gauss-Legendre with %i points is exact up to the power 2n − 1, not beyond', (steps) => {
  const rule = quadrature('gauss-legendre', steps);
  for (let power = 0; power < 2 * steps; power += 1) {
    expect(Math.abs(momentOf(rule, power) * (power + 1) - 1)).toBeLessThan(1e-12);
  }
  if (steps <= 5) expect(Math.abs(momentOf(rule, 2 * steps) * (2 * steps + 1) - 1)).toBeGreaterThan(1e-6);
});

test.each(['right-riemann', 'trapezoid', 'gauss-legendre'] as const)(
  '%s: points lie in [0, 1], positive weights add up to 1',
  (name) => {
    for (const steps of [1, 2, 7, 32, 200, 1024]) {
      const { points, weights } = quadrature(name, steps);
      expect(points).toHaveLength(weights.length);
      expect(Math.abs(total(weights) - 1)).toBeLessThan(1e-11);
      expect(points.every((t) => t >= 0 && t <= 1)).toBe(true);
      expect(weights.every((weight) => weight > 0)).toBe(true);
    }
  },
);
