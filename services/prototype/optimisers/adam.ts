import { project } from '../bounds.ts';
import type { OptimiserMaker } from './optimiser.ts';

const BETA1 = 0.9;
const BETA2 = 0.999;
const EPSILON = 1e-8;

/**
 * Adam (Kingma and Ba 2015, algorithm 1, as ascent): m ← β₁m + (1 − β₁)g, s ← β₂s + (1 − β₂)g²,
 * v ← P(v + rate · m̂ / (√ŝ + ε)) with m̂ = m/(1 − β₁ᵗ), ŝ = s/(1 − β₂ᵗ).
 */
export const adam: OptimiserMaker = (rows, size, bounds) => {
  const mean = new Float32Array(rows * size);
  const square = new Float32Array(rows * size);
  const steps = new Float64Array(rows);
  return {
    advance: (row, variables, _objective, gradient, rate) => {
      const t = (steps[row] ?? 0) + 1;
      steps[row] = t;
      const [correction1, correction2] = [1 - BETA1 ** t, 1 - BETA2 ** t];
      for (let i = 0, at = row * size; i < size; i += 1, at += 1) {
        const g = gradient[i] as number;
        const m = BETA1 * (mean[at] as number) + (1 - BETA1) * g;
        const s = BETA2 * (square[at] as number) + (1 - BETA2) * g * g;
        mean[at] = m;
        square[at] = s;
        variables[i] = (variables[i] as number) + (rate * m) / correction1 / (Math.sqrt(s / correction2) + EPSILON);
      }
      project(variables, bounds);
      return true;
    },
    settle: () => {},
    state: { mean, square, steps },
  };
};
