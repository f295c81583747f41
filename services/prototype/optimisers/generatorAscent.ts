import { project } from '../bounds.ts';
import type { OptimiserMaker } from './optimiser.ts';

/** What is left of a code after a step. */
export const DECAY = 0.99;

/**
 * The step of Nguyen et al. 2016 ("Synthesizing the preferred inputs for neurons in neural networks via deep generator
 * networks", and their act_max.py): u ← βu + g / mean|g|, z ← 0.99 · P(z + rate · u), P the clipping of every code unit to
 * its usual range. They have β = 0. Remembers the code with the largest objective.
 */
export function generatorAscent(beta: number): OptimiserMaker {
  return (rows, size, bounds) => {
    const velocity = new Float32Array(rows * size);
    const best = new Float32Array(rows * size);
    const record = new Float64Array(rows).fill(Number.NEGATIVE_INFINITY);
    return {
      advance: (row, variables, objective, gradient, rate) => {
        const [from, to] = [row * size, (row + 1) * size];
        if (objective > (record[row] ?? 0)) {
          record[row] = objective;
          best.set(variables, from);
        }
        const own = velocity.subarray(from, to);
        let sum = 0;
        for (let i = 0; i < size; i += 1) sum += Math.abs(gradient[i] as number);
        if (sum === 0) return false;
        const scale = size / sum;
        for (let i = 0; i < size; i += 1) {
          own[i] = beta * (own[i] as number) + scale * (gradient[i] as number);
          variables[i] = (variables[i] as number) + rate * (own[i] as number);
        }
        project(variables, bounds);
        for (let i = 0; i < size; i += 1) variables[i] = DECAY * (variables[i] as number);
        project(variables, bounds);
        return true;
      },
      settle: (row, variables) => {
        if ((record[row] ?? 0) > Number.NEGATIVE_INFINITY) variables.set(best.subarray(row * size, (row + 1) * size));
      },
      state: { velocity, best, record },
    };
  };
}
