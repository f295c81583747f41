import { arrayTensor } from '../../../models/tensors/tensor.ts';
import { firstRun, outputOf, perItem, rowOf, runRows } from '../drivers.ts';
import { relevanceShape, subjectKey } from '../frame.ts';
import { type Driver, EXPLAIN } from '../plan.ts';
import { baselineInput } from './baseline.ts';
import { derivativeGraph } from './gradients.ts';
import { inputOnly } from './inputOnly.ts';
import type { Method } from './method.ts';
import { type Quadrature, quadrature } from './quadrature.ts';

/**
 * R_i = (x_i − b_i) ∫₀¹ ∂f/∂x_i (b + t (x − b)) dt by a quadrature; adds up to f(x) − f(b) in the limit
 * (Sundararajan et al. 2017).
 */
export const integratedGradients: Method<'integrated-gradients'> = {
  plan: (subject, options) => {
    inputOnly(subject, 'integrated-gradients');
    const baseline = baselineInput(options.baseline, subject, 'baseline');
    const path = quadrature(options.quadrature, options.steps);
    return {
      key: `gradient ${subjectKey(subject)}`,
      settings: JSON.stringify(['integrated-gradients', options]),
      options,
      parameters: [],
      relevanceShape: relevanceShape(subject),
      conservation: { kind: 'difference' },
      requiredBox: null,
      rowsPerItem: 2 + path.points.length,
      graphs: () => ({ [EXPLAIN]: derivativeGraph(subject) }),
      driver: pathDriver(baseline, path),
    };
  },
};

function pathDriver(baseline: Float32Array, { points, weights }: Quadrature): Driver {
  return function* (given, maxBatch) {
    const { outputs, target } = yield* firstRun(given);
    const { input } = given;
    const [items = 0, ...shape] = input.shape;
    const mean = perItem(items, shape);
    const differences = Float32Array.from(outputOf(outputs, 'explained').data);
    // Each item's rows: the points of its path, then the baseline itself.
    const perPath = points.length + 1;
    const fill = (row: number, into: Float32Array) => {
      const item = Math.floor(row / perPath);
      const t = points[row % perPath] ?? 0;
      const x = rowOf(input, item);
      for (let i = 0; i < into.length; i += 1) into[i] = (baseline[i] ?? 0) + t * ((x[i] ?? 0) - (baseline[i] ?? 0));
      return item;
    };
    yield* runRows(shape, maxBatch, target, items * perPath, fill, (row, output) => {
      const item = Math.floor(row / perPath);
      const weight = weights[row % perPath];
      if (weight === undefined) {
        differences[item] = (differences[item] ?? 0) - (output('explained')[0] ?? 0);
        return;
      }
      const sum = rowOf(mean, item);
      output('relevance').forEach((derivative, i) => {
        sum[i] = (sum[i] ?? 0) + weight * derivative;
      });
    });
    const relevance = {
      ...mean,
      data: mean.data.map((m, i) => m * ((input.data[i] ?? 0) - (baseline[i % baseline.length] ?? 0))),
    };
    return { ...outputs, relevance, report: arrayTensor([items, 1], differences) };
  };
}
