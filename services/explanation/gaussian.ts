import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';

/** Standard normal numbers by the transform of Box and Muller. */
export function gaussian(seed: number): () => number {
  const generator = xoroshiro128plus(seed);
  let spare: number | null = null;
  return () => {
    if (spare !== null) {
      const value = spare;
      spare = null;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(uniform(generator)));
    const angle = 2 * Math.PI * uniform(generator);
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
}

/** In (0, 1]. */
function uniform(generator: RandomGenerator): number {
  return ((generator.next() >>> 0) + 1) / 2 ** 32;
}
