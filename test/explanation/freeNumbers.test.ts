import type { Network } from '../../models/network.ts';
import { ENGINES } from '../support/engines.ts';
import { greatestDifference } from './closeness.ts';
import { engineOfBlock, planned, runRows } from './explainRows.ts';
import { chain, type LayerSketch, randomTensor } from './networks.ts';

const NETWORK: Network = (() => {
  const image: LayerSketch = {
    type: 'conv2d',
    weight: randomTensor([3, 2, 3, 3], 80),
    bias: randomTensor([3], 81, 0.3),
    stride: [1, 1],
    padding: [1, 1, 1, 1],
    dilation: [1, 1],
    groups: 1,
  };
  const relu: LayerSketch = { type: 'activation', function: { name: 'relu' } };
  const flat: LayerSketch = { type: 'reshape', shape: [48] };
  const scores: LayerSketch = { type: 'dense', weight: randomTensor([3, 48], 82), bias: randomTensor([3], 83, 0.3) };
  return chain([2, 4, 4], [image, relu, flat, scores]);
})();

function options(convolution: object, dense: object = { name: 'epsilon' }, start = 'score') {
  const composite = [
    { match: { type: 'conv2d' }, rule: convolution },
    { match: { type: 'dense' }, rule: dense },
  ];
  return { composite, start };
}

function keyOf(convolution: object, dense?: object, start?: string): string {
  return planned({ network: NETWORK, box: { low: -1, high: 1 } }, 'lrp', options(convolution, dense, start)).key;
}

const FREE: readonly (readonly [string, object, object])[] = [
  ['ε', { name: 'epsilon', epsilon: 0.1 }, { name: 'epsilon', epsilon: 0.5 }],
  ['stabiliser', { name: 'z-plus', stabiliser: 0.1 }, { name: 'z-plus', stabiliser: 3 }],
  ['α and β', { name: 'alpha-beta', alpha: 2, beta: 1 }, { name: 'alpha-beta', alpha: 1.5, beta: 0.5 }],
  ['a box', { name: 'z-box', low: -1, high: 1.5 }, { name: 'z-box', low: -2, high: 3 }],
  ['a box by channel', { name: 'z-box', low: [-1, -2], high: [1, 4] }, { name: 'z-box', low: [-3, -1], high: [5, 1] }],
];

describe.each(ENGINES)('numbers that requests choose freely, on %s', (_engine, create) => {
  const engine = engineOfBlock(create);

  test.each(FREE)('%s: rows with different numbers run in one batch as they do alone', async (_name, one, other) => {
    const plans = [one, other].map((rule) => planned({ network: NETWORK, box: null }, 'lrp', options(rule)));
    const rows = plans.map(({ parameters }, row) => ({ x: randomTensor([32], 84 + row).data, parameters }));
    const [plan] = plans;
    if (plan === undefined) throw new Error('no plan');
    const together = await runRows(engine(), NETWORK, plan, rows);
    for (const [row, own] of plans.entries()) {
      const [alone] = await runRows(engine(), NETWORK, own, [{ x: rows[row]?.x ?? [] }]);
      expect(greatestDifference(together[row]?.relevance ?? [], alone?.relevance ?? [])).toBeLessThan(1e-5);
    }
  });
});

describe('the key of a plan', () => {
  test.each(FREE)('does not depend on %s', (_name, one, other) => {
    expect(keyOf(one)).toBe(keyOf(other));
  });

  test.each([
    ['the name of a rule', keyOf({ name: 'epsilon' }), keyOf({ name: 'z-plus' })],
    ['γ', keyOf({ name: 'gamma', gamma: 0.25 }), keyOf({ name: 'gamma', gamma: 0.5 })],
    ['the bias policy', keyOf({ name: 'z-plus' }), keyOf({ name: 'z-plus', bias: 'zero' })],
    ['ε = 0', keyOf({ name: 'epsilon' }), keyOf({ name: 'epsilon', epsilon: 0 })],
    ['β = 0', keyOf({ name: 'alpha-beta' }), keyOf({ name: 'alpha-beta', alpha: 1, beta: 0 })],
    ['the fallback', keyOf({ name: 'alpha-beta' }), keyOf({ name: 'alpha-beta', fallback: true })],
    ["the model's box and a given one", keyOf({ name: 'z-box' }), keyOf({ name: 'z-box', low: -1, high: 1 })],
    ['the start', keyOf({ name: 'flat' }, undefined, 'one'), keyOf({ name: 'flat' }, undefined, 'score')],
    ['which layer has which rule', keyOf({ name: 'flat' }), keyOf({ name: 'epsilon' }, { name: 'flat' })],
  ])('tells apart %s', (_what, one, other) => {
    expect(one).not.toBe(other);
  });

  test('holds the box of the model where a rule uses it', () => {
    const key = (high: number, composite: string) =>
      planned({ network: NETWORK, box: { low: -1, high } }, 'lrp', { composite }).key;
    expect(key(1, 'epsilon-gamma-box')).not.toBe(key(2, 'epsilon-gamma-box'));
    expect(key(1, 'epsilon')).toBe(key(2, 'epsilon'));
  });

  test('deep-taylor is the lrp preset of that name', () => {
    const subject = { network: NETWORK, box: { low: -1, high: 1 } };
    const preset = planned(subject, 'lrp', { composite: 'deep-taylor' });
    const method = planned(subject, 'deep-taylor', { stabiliser: 0.01 });
    expect(method.key).toBe(preset.key);
    expect(method.parameters).toEqual([0.01]);
  });
});
