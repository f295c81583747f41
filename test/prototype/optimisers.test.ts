import type { Bounds } from '../../services/prototype/bounds.ts';
import { adam } from '../../services/prototype/optimisers/adam.ts';
import { generatorAscent } from '../../services/prototype/optimisers/generatorAscent.ts';
import { lbfgs } from '../../services/prototype/optimisers/lbfgs.ts';
import { momentum } from '../../services/prototype/optimisers/momentum.ts';
import type { Optimiser, OptimiserMaker } from '../../services/prototype/optimisers/optimiser.ts';

/** A function to be maximised, and its gradient. */
interface Problem {
  readonly value: (v: Float32Array) => number;
  readonly gradient: (v: Float32Array) => Float32Array;
}

/** −Σ a_i (v_i − c_i)² */
function quadratic(curvatures: readonly number[], centre: readonly number[]): Problem {
  const at = (list: readonly number[], i: number) => list[i] ?? 0;
  return {
    value: (v) => -v.reduce((sum, x, i) => sum + at(curvatures, i) * (x - at(centre, i)) ** 2, 0),
    gradient: (v) => v.map((x, i) => -2 * at(curvatures, i) * (x - at(centre, i))),
  };
}

/** Minus Rosenbrock's function, 100 (y − x²)² + (1 − x)², whose only maximum is at (1, 1). */
const ROSENBROCK: Problem = {
  value: ([x = 0, y = 0]) => -(100 * (y - x * x) ** 2 + (1 - x) ** 2),
  gradient: ([x = 0, y = 0]) => Float32Array.of(400 * x * (y - x * x) + 2 * (1 - x), -200 * (y - x * x)),
};

function climb(
  make: OptimiserMaker,
  problem: Problem,
  start: readonly number[],
  { steps = 300, rate = (_step: number): number => 0.1, bounds = null as Bounds | null } = {},
): { v: Float32Array; steps: number; optimiser: Optimiser } {
  const optimiser = make(1, start.length, bounds);
  const v = Float32Array.from(start);
  let step = 0;
  for (; step < steps; step += 1) {
    if (!optimiser.advance(0, v, problem.value(v), problem.gradient(v), rate(step))) break;
  }
  optimiser.settle(0, v);
  return { v, steps: step, optimiser };
}

function expectNear(actual: ArrayLike<number>, expected: readonly number[], tolerance: number): void {
  expected.forEach((value, i) => {
    expect(Math.abs((actual[i] ?? Number.NaN) - value)).toBeLessThan(tolerance);
  });
}

const falling = (steps: number, first: number) => (step: number) => first * (1 - step / steps);
const CURVED = quadratic([1, 30, 0.1], [0.5, -2, 3]);

test('Adam finds the top of a quadratic and of Rosenbrock’s valley', () => {
  expectNear(climb(adam, CURVED, [4, 4, 4], { steps: 2000, rate: falling(2000, 0.1) }).v, [0.5, -2, 3], 1e-2);
  expectNear(climb(adam, ROSENBROCK, [-1.2, 1], { steps: 5000, rate: falling(5000, 0.05) }).v, [1, 1], 1e-2);
});

test('the first steps of Adam are the step size along the sign of the gradient', () => {
  expectNear(climb(adam, CURVED, [0, 0, 0], { steps: 1 }).v, [0.1, -0.1, 0.1], 1e-6);
  // Restated: m = .9·.1·g₀ + .1·g₁ over 1 − .9², s = .999·.001·g₀² + .001·g₁² over 1 − .999².
  const [g0, g1] = [1, 0.8];
  const m = (0.09 * g0 + 0.1 * g1) / 0.19;
  const s = (0.000999 * g0 ** 2 + 0.001 * g1 ** 2) / (1 - 0.999 ** 2);
  expectNear(climb(adam, quadratic([1], [0.5]), [0], { steps: 2 }).v, [0.1 + (0.1 * m) / Math.sqrt(s)], 1e-6);
});

test('momentum finds the top, and remembers its way', () => {
  const rate = () => 0.005;
  expectNear(climb(momentum(0.9), CURVED, [4, 4, 4], { steps: 6000, rate }).v, [0.5, -2, 3], 1e-3);
  // v₁ = .1·g₀, v₂ = v₁ + .1·(.5·g₀ + g₁)
  const [g0, g1] = [1, 0.8];
  expectNear(climb(momentum(0.5), quadratic([1], [0.5]), [0], { steps: 2 }).v, [0.1 + 0.1 * (0.5 * g0 + g1)], 1e-6);
});

test('L-BFGS finds the top of a quadratic and of Rosenbrock’s valley in few evaluations', () => {
  const quick = climb(lbfgs, CURVED, [4, 4, 4]);
  expectNear(quick.v, [0.5, -2, 3], 1e-3);
  expect(quick.steps).toBeLessThan(40);
  const valley = climb(lbfgs, ROSENBROCK, [-1.2, 1]);
  expectNear(valley.v, [1, 1], 1e-2);
  expect(valley.steps).toBeLessThan(120);
});

describe('a maximum on the bounds', () => {
  const bounds = { low: Float32Array.of(0, 0, 0), high: Float32Array.of(1, 1, 1) };
  // Without bounds (0.5, −2, 3).
  const best = [0.5, 0, 1];
  const corner: Bounds = { low: Float32Array.of(-1.5, -0.5), high: Float32Array.of(0.8, 2) };

  test.each([
    ['adam', adam, { steps: 1000, rate: falling(1000, 0.1), bounds }],
    ['momentum', momentum(0.9), { steps: 1000, rate: () => 0.005, bounds }],
    ['l-bfgs', lbfgs, { bounds }],
  ] as const)('%s finds it and never leaves them', (_name, make, settings) => {
    const problem: Problem = {
      value: CURVED.value,
      gradient: (v) => {
        for (const x of v) expect(x >= 0 && x <= 1).toBe(true);
        return CURVED.gradient(v);
      },
    };
    expectNear(climb(make, problem, [1, 1, 0], settings).v, best, 2e-3);
  });

  test('l-bfgs: Rosenbrock’s function with x ≤ 0.8 is largest at (0.8, 0.64)', () => {
    expectNear(climb(lbfgs, ROSENBROCK, [-1.2, 1], { bounds: corner }).v, [0.8, 0.64], 1e-3);
  });

  test('l-bfgs ends where nothing is free to move', () => {
    const { v, steps } = climb(lbfgs, quadratic([1, 1], [5, -5]), [0.5, 0.5], {
      bounds: { low: Float32Array.of(0, 0), high: Float32Array.of(1, 1) },
    });
    expect([...v]).toEqual([1, 0]);
    expect(steps).toBeLessThan(10);
  });
});

test('the ascent of Nguyen et al. steps by the normalised gradient, clips, decays, and keeps the best', () => {
  const bounds = { low: Float32Array.of(0, 0), high: Float32Array.of(10, 10) };
  const make = generatorAscent(0);
  const gradient = Float32Array.of(3, -1);
  const v = Float32Array.of(1, 1);
  const optimiser = make(1, 2, bounds);
  optimiser.advance(0, v, 5, gradient, 8);
  // mean|g| = 2: (1 + 8·1.5, 1 − 8·0.5) clipped to (10, 0), times .99.
  expectNear(v, [9.9, 0], 1e-5);
  optimiser.advance(0, v, 4, gradient, 8);
  optimiser.settle(0, v);
  expect([...v]).toEqual([1, 1]);
  expect(optimiser.advance(0, v, 4, Float32Array.of(0, 0), 8)).toBe(false);
});

test.each([
  ['adam', adam],
  ['momentum', momentum(0.9)],
  ['l-bfgs', lbfgs],
  ['generatorAscent', generatorAscent(0.5)],
] as const)('%s: rows know nothing of each other, and a state written back continues the same', (_name, make) => {
  const starts = [
    [4, 4, 4],
    [-1, 2, 0],
  ];
  const problems = [CURVED, quadratic([2, 1, 5], [1, 1, -1])];
  const alone = starts.map(
    (start, row) => climb(make, problems[row] ?? CURVED, start, { steps: 30, rate: () => 0.01 }).v,
  );
  const together = starts.map((start) => Float32Array.from(start));
  let optimiser = make(2, 3, null);
  const going = [true, true];
  for (let step = 0; step < 30; step += 1) {
    if (step === 13) {
      const renewed = make(2, 3, null);
      for (const [name, array] of Object.entries(optimiser.state)) renewed.state[name]?.set(array);
      optimiser = renewed;
    }
    together.forEach((v, row) => {
      const problem = problems[row] ?? CURVED;
      if (going[row]) going[row] = optimiser.advance(row, v, problem.value(v), problem.gradient(v), 0.01);
    });
  }
  together.forEach((v, row) => {
    optimiser.settle(row, v);
  });
  expect(together).toEqual(alone);
});
