/** Points in [0, 1] and weights of a quadrature: ∫ g ≈ Σ weight · g(point). The weights add up to 1. */
export interface Quadrature {
  readonly points: readonly number[];
  readonly weights: readonly number[];
}

export type QuadratureName = 'right-riemann' | 'trapezoid' | 'gauss-legendre';

const RULES: Readonly<Record<QuadratureName, (steps: number) => Quadrature>> = {
  'right-riemann': (steps) => equallySpaced(1, steps, () => 1 / steps),
  trapezoid: (steps) => equallySpaced(0, steps, (k) => (k === 0 || k === steps ? 0.5 : 1) / steps),
  'gauss-legendre': gaussLegendre,
};

/** A quadrature of `steps` intervals (points, for Gauss-Legendre). */
export function quadrature(name: QuadratureName, steps: number): Quadrature {
  return RULES[name](steps);
}

function equallySpaced(first: number, steps: number, weight: (k: number) => number): Quadrature {
  const numbers = Array.from({ length: steps - first + 1 }, (_, i) => i + first);
  return { points: numbers.map((k) => k / steps), weights: numbers.map(weight) };
}

/** Roots of the Legendre polynomial P_n by Newton's method, moved from [−1, 1] to [0, 1] (Abramowitz and Stegun 25.4.29). */
function gaussLegendre(n: number): Quadrature {
  const nodes = Array.from({ length: n }, (_, i) => {
    let x = Math.cos((Math.PI * (i + 0.75)) / (n + 0.5));
    let slope = 0;
    for (let iteration = 0; iteration < 100; iteration += 1) {
      const [value, derivative] = legendre(n, x);
      slope = derivative;
      const step = value / derivative;
      x -= step;
      if (Math.abs(step) < 1e-15) break;
    }
    return { point: (1 + x) / 2, weight: 1 / ((1 - x * x) * slope * slope) };
  });
  return { points: nodes.map(({ point }) => point), weights: nodes.map(({ weight }) => weight) };
}

/** P_n(x) and P_n′(x) by the three-term recurrence. */
function legendre(n: number, x: number): readonly [number, number] {
  let [before, current] = [1, x];
  for (let k = 2; k <= n; k += 1) [before, current] = [current, ((2 * k - 1) * x * current - (k - 1) * before) / k];
  if (n === 0) return [1, 0];
  return [current, (n * (x * current - before)) / (x * x - 1)];
}
