import fc from 'fast-check';
import type { MethodName } from '../../schemas/methods.ts';
import { ENGINES } from '../support/engines.ts';
import { distance, greatestDifference, total } from './closeness.ts';
import { type ExplainedRow, engineOfBlock, planned, type Row, runRows } from './explainRows.ts';
import { CLASSES, type Recipe, randomInput, randomNetwork, recipes, type Style } from './randomNetworks.ts';

const RUNS = { numRuns: 8, seed: 20170305 };
const BOX = { low: -1, high: 1 };
const RECTIFIED: Style = { biases: true, rectified: 'all' };

/** All linear layers, the first ones by one rule and the others by another. */
function composite(first: object, hidden: object): object[] {
  const types = ['dense', 'conv2d'].map((type) => ({ match: { type }, rule: hidden }));
  return [{ match: { first: true }, rule: first }, ...types];
}

const Z_PLUS = { name: 'z-plus', bias: 'zero' };
const W_SQUARE = { name: 'w-square', bias: 'zero' };
const FLAT = { name: 'flat' };

/** Composites that let nothing go into biases and create nothing. */
const CONSERVING: Readonly<Record<string, object[]>> = {
  'z-plus': composite(Z_PLUS, Z_PLUS),
  'z-box before z-plus': composite({ name: 'z-box' }, Z_PLUS),
  'w-square before z-plus': composite(W_SQUARE, Z_PLUS),
  'w-square': composite(W_SQUARE, W_SQUARE),
  'flat before z-plus': composite(FLAT, Z_PLUS),
  flat: composite(FLAT, FLAT),
};

describe.each(ENGINES)('properties over random networks, on %s', (_engine, create) => {
  const engine = engineOfBlock(create);

  /** Two rows: any input, and its positive part. */
  function rowsFor(recipe: Recipe, target: readonly number[] = [1, 0, 0]): readonly Row[] {
    const x = randomInput(recipe, recipe.seed + 1);
    return [
      { x, target },
      { x: x.map((value) => Math.max(value, 0)), target },
    ];
  }

  function explain(
    recipe: Recipe,
    style: Style,
    method: MethodName,
    options: Record<string, unknown>,
    rows: readonly Row[],
  ): Promise<readonly ExplainedRow[]> {
    const network = randomNetwork(recipe, style);
    return runRows(engine(), network, planned({ network, box: BOX }, method, options), rows);
  }

  test.each(Object.entries(CONSERVING))('%s: ΣR + dead + stabiliser = start', async (_name, entries) => {
    const property = fc.asyncProperty(recipes, async (recipe) => {
      const rows = await explain(recipe, RECTIFIED, 'lrp', { composite: entries, start: 'one' }, rowsFor(recipe));
      for (const { relevance, start, bias, stabiliser, dead, dropped } of rows) {
        expect(start).toBe(1);
        expect([bias, dropped]).toEqual([0, 0]);
        expect(total(relevance) + dead + stabiliser).toBeCloseTo(1, 4);
        expect(Math.min(...relevance)).toBeGreaterThanOrEqual(0);
      }
    });
    await fc.assert(property, RUNS);
  });

  test('gradient-times-input is LRP-0 with the score as its start', async () => {
    const style: Style = { biases: true, rectified: 'some' };
    const property = fc.asyncProperty(recipes, async (recipe) => {
      const rows = rowsFor(recipe, [0.5, -1, 2]);
      const products = await explain(recipe, style, 'gradient-times-input', {}, rows);
      const shares = await explain(recipe, style, 'lrp', { composite: 'lrp-0' }, rows);
      products.forEach(({ relevance }, row) => {
        expect(distance(shares[row]?.relevance ?? [], relevance)).toBeLessThan(1e-4);
      });
    });
    await fc.assert(property, RUNS);
  });

  test.each([true, false])('deep Taylor of a positive start is nowhere negative, with a box: %s', async (boxed) => {
    const property = fc.asyncProperty(recipes, async (recipe) => {
      const network = randomNetwork(recipe, RECTIFIED);
      const plan = planned({ network, box: boxed ? BOX : null }, 'deep-taylor', { start: 'one' });
      for (const { relevance } of await runRows(engine(), network, plan, rowsFor(recipe))) {
        expect(Math.min(...relevance)).toBeGreaterThanOrEqual(0);
      }
    });
    await fc.assert(property, RUNS);
  });

  test.each(['epsilon', 'alpha2-beta1', 'epsilon-plus-flat', 'epsilon-gamma-box'])(
    '%s: relevance is linear in the start',
    async (preset) => {
      const targets = [
        [1, 0, 2],
        [0, -1, 0.5],
      ];
      const [a, b] = [0.5, -3];
      const mixed = Array.from({ length: CLASSES }, (_, k) => a * (targets[0]?.[k] ?? 0) + b * (targets[1]?.[k] ?? 0));
      const property = fc.asyncProperty(recipes, async (recipe) => {
        const x = randomInput(recipe, recipe.seed + 1);
        const rows = [...targets, mixed].map((target) => ({ x, target }));
        const [one, two, both] = await explain(recipe, RECTIFIED, 'lrp', { composite: preset, start: 'one' }, rows);
        const parts = Float64Array.from(one?.relevance ?? [], (r, i) => a * r + b * (two?.relevance[i] ?? Number.NaN));
        expect(greatestDifference(both?.relevance ?? [], parts)).toBeLessThan(1e-4);
      });
      await fc.assert(property, RUNS);
    },
  );

  test.each([
    ['deep-taylor', {}],
    ['gradient-times-input', {}],
    ['lrp', { composite: 'alpha2-beta1' }],
    ['lrp', { composite: 'epsilon-gamma-box' }],
  ] as const)('%s %j: a row does not depend on the rest of its batch', async (method, options) => {
    const property = fc.asyncProperty(recipes, async (recipe) => {
      const network = randomNetwork(recipe, RECTIFIED);
      const plan = planned({ network, box: BOX }, method, options);
      const rows = [1, 2, 3, 4, 5].map((k) => ({ x: randomInput(recipe, recipe.seed + k) }));
      const together = await runRows(engine(), network, plan, rows);
      for (const [k, row] of rows.entries()) {
        const [alone] = await runRows(engine(), network, plan, [row]);
        expect(greatestDifference(together[k]?.relevance ?? [], alone?.relevance ?? [])).toBeLessThan(1e-5);
      }
    });
    await fc.assert(property, { ...RUNS, numRuns: 3 });
  });
});
