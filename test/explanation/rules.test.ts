import { sizeOf } from '../../models/tensors/tensor.ts';
import { Rule } from '../../schemas/rules.ts';
import { seededRandom } from '../engine/random.ts';
import { ENGINES } from '../support/engines.ts';
import { distance } from './closeness.ts';
import { type ExplainedRow, engineOfBlock, planned, runRows } from './explainRows.ts';
import { bare, behindRelu, LINEAR_CASES, type LinearCase } from './linearCases.ts';
import { outputCount } from './networks.ts';
import { type Redistribution, redistribute } from './slowRules.ts';
import { unrolled } from './unrolled.ts';

/** One set of options for each rule, for every geometry. */
const RULES: Readonly<Record<string, Record<string, unknown>>> = {
  epsilon: { name: 'epsilon', epsilon: 0.1 },
  'z-plus': { name: 'z-plus' },
  'alpha 2 beta 1': { name: 'alpha-beta', alpha: 2, beta: 1 },
  'gamma 0.25': { name: 'gamma', gamma: 0.25 },
  'w-square': { name: 'w-square' },
  flat: { name: 'flat' },
};

/** All other options: they do not depend on the geometry. */
const OPTIONS: Readonly<Record<string, Record<string, unknown>>> = {
  'epsilon, bias zero': { name: 'epsilon', epsilon: 0.1, bias: 'zero' },
  'LRP-0': { name: 'epsilon', epsilon: 0 },
  'LRP-0, bias zero': { name: 'epsilon', epsilon: 0, bias: 'zero' },
  'z-plus, bias zero': { name: 'z-plus', bias: 'zero', stabiliser: 0.01 },
  'alpha 2 beta 1, bias zero': { name: 'alpha-beta', alpha: 2, beta: 1, bias: 'zero' },
  'alpha 1 beta 0': { name: 'alpha-beta', alpha: 1, beta: 0 },
  'alpha 1.5 beta 0.5, fallback': { name: 'alpha-beta', alpha: 1.5, beta: 0.5, fallback: true },
  'alpha 2 beta 1, fallback, bias zero': { name: 'alpha-beta', fallback: true, bias: 'zero' },
  'gamma 2, bias zero': { name: 'gamma', gamma: 2, bias: 'zero', stabiliser: 0.01 },
  'gamma 0.25, stabiliser 0': { name: 'gamma', gamma: 0.25, stabiliser: 0 },
  'w-square, bias zero': { name: 'w-square', bias: 'zero', stabiliser: 0 },
  'flat, stabiliser 0.5': { name: 'flat', stabiliser: 0.5 },
};
const WITH_ALL_OPTIONS: readonly string[] = ['dense', 'conv2d with uneven padding', 'conv2d without bias'];

const ROWS = 3;

/** Inputs in [−1, 1): two rows of any values, and one that is mostly 0, so that units of it are dead. */
function inputsOf(size: number, seed: number): readonly Float32Array[] {
  const random = seededRandom(seed);
  return Array.from({ length: ROWS }, (_, row) =>
    Float32Array.from({ length: size }, (_value, i) => {
      const value = 2 * random() - 1;
      return row === ROWS - 1 && (i < size / 2 || random() < 0.3) ? 0 : value;
    }),
  );
}

function relevances(size: number, seed: number): readonly Float32Array[] {
  const random = seededRandom(seed);
  return Array.from({ length: ROWS }, () => Float32Array.from({ length: size }, () => 2 * random() - 0.7));
}

/** LRP-0 divides by z alone, however small. */
function toleranceOf(rule: Rule): number {
  return rule.name === 'epsilon' && rule.epsilon === 0 ? 1e-4 : 2e-5;
}

/** The relevance, by norm, and what was lost, relative to Σ|R|. */
function expectRow(actual: ExplainedRow | undefined, expected: Redistribution, tolerance: number): void {
  const scale = expected.relevance.reduce((sum, r) => sum + Math.abs(r), 1);
  const astray = (['bias', 'stabiliser', 'dead'] as const).map(
    (kind) => Math.abs((actual?.[kind] ?? Number.NaN) - expected[kind]) / scale,
  );
  expect(distance(actual?.relevance ?? [], expected.relevance)).toBeLessThan(tolerance);
  expect(Math.max(...astray)).toBeLessThan(tolerance);
  expect(actual?.dropped).toBe(0);
}

describe.each(ENGINES)('rules as written in their formulas, on %s', (_engine, create) => {
  const engine = engineOfBlock(create);

  async function check(linear: LinearCase, options: Record<string, unknown>, rectified: boolean) {
    const rule = Rule.parse(options);
    const network = (rectified ? behindRelu : bare)(linear);
    const layer = unrolled(bare(linear));
    const composite = [{ match: { type: linear.layer.type }, rule }];
    const plan = planned({ network }, 'lrp', { composite, start: 'one' });
    const inputs = inputsOf(sizeOf(linear.inputShape), 100 + layer.inputs);
    const targets = relevances(outputCount(network), 200 + layer.outputs);
    const rows = await runRows(
      engine(),
      network,
      plan,
      inputs.map((x, row) => ({ x, target: targets[row] ?? [] })),
    );
    inputs.forEach((x, row) => {
      const seen = rectified ? x.map((value) => Math.max(value, 0)) : x;
      expectRow(rows[row], redistribute(rule, layer, seen, targets[row] ?? [], null), toleranceOf(rule));
    });
  }

  describe.each(Object.entries(LINEAR_CASES))('%s', (name, linear) => {
    test.each(Object.entries(RULES))('%s, for inputs of any sign and behind a ReLU', async (_rule, rule) => {
      await check(linear, rule, false);
      await check(linear, rule, true);
    });

    if (WITH_ALL_OPTIONS.includes(name)) {
      test.each(Object.entries(OPTIONS))('%s, for inputs of any sign', (_rule, rule) => check(linear, rule, false));
    }
  });
});
