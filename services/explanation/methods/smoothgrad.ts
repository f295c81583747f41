import { firstRun, perItem, rowOf, runRows } from '../drivers.ts';
import { relevanceShape, subjectKey } from '../frame.ts';
import { gaussian } from '../gaussian.ts';
import { type Driver, EXPLAIN } from '../plan.ts';
import { derivativeGraph, NO_DECOMPOSITION } from './gradients.ts';
import { inputOnly } from './inputOnly.ts';
import type { Method } from './method.ts';

interface Noise {
  readonly n: number;
  readonly sigma: number;
  readonly seed: number;
  readonly of: 'gradient' | 'squared-gradient';
}

/** The mean gradient (or squared gradient) over noisy copies of the input (Smilkov et al. 2017). */
export const smoothgrad: Method<'smoothgrad'> = {
  plan: (subject, options) => {
    inputOnly(subject, 'smoothgrad');
    return {
      key: `gradient ${subjectKey(subject)}`,
      settings: JSON.stringify(['smoothgrad', options]),
      options,
      parameters: [],
      relevanceShape: relevanceShape(subject),
      conservation: NO_DECOMPOSITION,
      requiredBox: null,
      rowsPerItem: 1 + options.n,
      graphs: () => ({ [EXPLAIN]: derivativeGraph(subject) }),
      driver: noiseDriver(options),
    };
  },
};

/** Every item gets the same noise, so that it does not matter which others it runs with. */
function noiseDriver({ n, sigma, seed, of }: Noise): Driver {
  return function* (given, maxBatch) {
    const { outputs, target } = yield* firstRun(given);
    const { input } = given;
    const [items = 0, ...shape] = input.shape;
    const relevance = perItem(items, shape);
    let normal = gaussian(seed);
    const fill = (row: number, into: Float32Array) => {
      if (row % n === 0) normal = gaussian(seed);
      const item = Math.floor(row / n);
      const x = rowOf(input, item);
      const deviation = sigma * range(x);
      for (let i = 0; i < into.length; i += 1) into[i] = (x[i] ?? 0) + deviation * normal();
      return item;
    };
    yield* runRows(shape, maxBatch, target, items * n, fill, (row, output) => {
      const sum = rowOf(relevance, Math.floor(row / n));
      output('relevance').forEach((derivative, i) => {
        sum[i] = (sum[i] ?? 0) + (of === 'gradient' ? derivative : derivative * derivative) / n;
      });
    });
    return { ...outputs, relevance };
  };
}

function range(x: Float32Array): number {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of x) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return high - low;
}
