import { project } from '../bounds.ts';
import type { OptimiserMaker } from './optimiser.ts';

/**
 * Gradient ascent with the heavy ball of Polyak (1964): u ← βu + g, v ← P(v + rate·u). Where the projection P stops a
 * variable at its bound, its velocity is forgotten.
 */
export function momentum(beta: number): OptimiserMaker {
  return (rows, size, bounds) => {
    const velocity = new Float32Array(rows * size);
    return {
      advance: (row, variables, _objective, gradient, rate) => {
        const own = velocity.subarray(row * size, (row + 1) * size);
        for (let i = 0; i < size; i += 1) {
          own[i] = beta * (own[i] as number) + (gradient[i] as number);
          variables[i] = (variables[i] as number) + rate * (own[i] as number);
        }
        if (bounds === null) return true;
        for (let i = 0; i < size; i += 1) {
          const v = variables[i] as number;
          if (v < (bounds.low[i] as number) || v > (bounds.high[i] as number)) own[i] = 0;
        }
        project(variables, bounds);
        return true;
      },
      settle: () => {},
      state: { velocity },
    };
  };
}
