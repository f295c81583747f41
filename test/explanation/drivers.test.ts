import { arrayTensor } from '../../models/tensors/tensor.ts';
import { METHOD_NAMES, type MethodName } from '../../schemas/methods.ts';
import type { NamedTensors } from '../../services/engine/engine.ts';
import type { Plan } from '../../services/explanation/plan.ts';
import { ENGINES } from '../support/engines.ts';
import { greatestDifference } from './closeness.ts';
import { engineOfBlock, planned, runRows } from './explainRows.ts';
import { randomTensor } from './networks.ts';
import { inputOf, RECTIFIED, VECTOR } from './smallNetworks.ts';

/** Every method, and what its options may make of it. */
const PLANS: readonly (readonly [MethodName, Record<string, unknown>])[] = [
  ...METHOD_NAMES.map((name) => [name, {}] as const),
  ['taylor', { root: 'line' }],
  ['integrated-gradients', { quadrature: 'trapezoid', steps: 4 }],
  ['integrated-gradients', { quadrature: 'gauss-legendre', steps: 5, baseline: -1 }],
  ['smoothgrad', { n: 3, of: 'squared-gradient' }],
  ['occlusion', { window: 4, stride: 3 }],
];

/** Rows of every run that a plan for vectors of 7 asks for; the engine is one that gives zeros, and a score of 1. */
function runsOf(plan: Plan, items: number, maxBatch: number): number[] {
  const input = { input: randomTensor([items, 7], 260), target: arrayTensor([items, 3], new Float32Array(items * 3)) };
  const driver = plan.driver({ ...input, parameters: null }, maxBatch);
  const runs: number[] = [];
  let step = driver.next();
  while (step.done !== true) {
    const rows = step.value.inputs['input']?.shape[0] ?? 0;
    runs.push(rows);
    const zeros = (...shape: number[]) => arrayTensor([rows, ...shape], new Float32Array(rows * (shape[0] ?? 1)));
    const explained = arrayTensor([rows], new Float32Array(rows).fill(runs.length === 1 ? 1 : 0));
    const relevance = arrayTensor([rows, 7], new Float32Array(rows * 7).fill(1));
    const outputs: NamedTensors = { relevance, scores: zeros(3), resolved: zeros(3), explained };
    step = driver.next(outputs);
  }
  return runs;
}

const OF_MANY_RUNS: readonly (readonly [MethodName, Record<string, unknown>, number])[] = [
  ['integrated-gradients', { steps: 10 }, 12],
  ['integrated-gradients', { steps: 10, quadrature: 'trapezoid' }, 13],
  ['integrated-gradients', { steps: 10, quadrature: 'gauss-legendre' }, 12],
  ['smoothgrad', { n: 9 }, 10],
  ['occlusion', { window: 3, stride: 2 }, 4],
];

test.each(OF_MANY_RUNS)(
  '%s %j: as many rows as announced, never more than may run together',
  (method, options, cost) => {
    const plan = planned({ network: VECTOR }, method, options);
    expect(plan.rowsPerItem).toBe(cost);
    for (const [items, maxBatch] of [
      [1, 1],
      [1, 4],
      [3, 4],
      [3, 7],
      [5, 1000],
    ] as const) {
      const [first, ...others] = runsOf(plan, items, maxBatch);
      // The items as they are come in batches of at most maxBatch already.
      expect(first).toBe(items);
      expect(Math.max(...others)).toBeLessThanOrEqual(maxBatch);
      expect(items + others.reduce((sum, rows) => sum + rows, 0)).toBe(items * cost);
    }
  },
);

test('the search for a root costs no more rows than announced', () => {
  const plan = planned({ network: VECTOR }, 'taylor', { root: 'line' });
  const runs = runsOf(plan, 2, 5);
  expect(Math.max(...runs)).toBeLessThanOrEqual(5);
  expect(runs.reduce((sum, rows) => sum + rows, 0)).toBeLessThanOrEqual(2 * plan.rowsPerItem);
});

test('methods that vary the input of the gradient share its compiled graph, but not a batch', () => {
  const plans = (
    [
      ['gradient', {}],
      ['integrated-gradients', {}],
      ['integrated-gradients', { steps: 7 }],
      ['smoothgrad', {}],
      ['smoothgrad', { seed: 1 }],
      ['taylor', { root: 'line' }],
    ] as const
  ).map(([method, options]) => planned({ network: RECTIFIED }, method, options));
  expect(new Set(plans.map(({ key }) => key)).size).toBe(1);
  expect(new Set(plans.map(({ settings }) => settings)).size).toBe(plans.length);
  const graphs = plans.map((plan) => Object.keys(plan.graphs()['explain']?.outputs ?? {}));
  for (const outputs of graphs) expect(outputs).toEqual(graphs[0]);
});

test('another unit or layer is another graph', () => {
  const keys = [{}, { unit: 3 }, { layer: 3 }, { unit: 3, layer: 0 }, { unit: 0, layer: 0 }].map(
    (focus) => planned({ network: RECTIFIED, ...focus }, 'gradient').key,
  );
  expect(new Set(keys).size).toBe(keys.length);
});

describe.each(ENGINES)('batches on %s', (_engine, create) => {
  const engine = engineOfBlock(create);

  test.each(PLANS)('%s %j: a row is what it is alone', async (method, options) => {
    const plan = planned({ network: RECTIFIED, box: { low: -1, high: 1 } }, method, options);
    const rows = [261, 262, 263].map((seed) => ({ x: inputOf(RECTIFIED, seed), target: [0.5, -1, 1] }));
    const together = await runRows(engine(), RECTIFIED, plan, rows);
    for (const [i, row] of rows.entries()) {
      const [alone] = await runRows(engine(), RECTIFIED, plan, [row], { maxBatch: 5 });
      expect(greatestDifference(alone?.relevance ?? [], together[i]?.relevance ?? [])).toBeLessThan(1e-4);
      expect(alone?.explained).toBeCloseTo(together[i]?.explained ?? Number.NaN, 4);
    }
  });
});
