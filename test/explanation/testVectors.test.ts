import { arrayTensor } from '../../models/tensors/tensor.ts';
import { Rule } from '../../schemas/rules.ts';
import { ENGINES } from '../support/engines.ts';
import { distance } from './closeness.ts';
import { engineOfBlock, planned, runRows } from './explainRows.ts';
import { chain } from './networks.ts';
import { redistribute } from './slowRules.ts';
import { unrolled } from './unrolled.ts';

const DENSE = chain(
  [3],
  [
    {
      type: 'dense',
      weight: arrayTensor([2, 3], Float32Array.of(1, -2, 3, -1, 0.5, -0.25)),
      bias: arrayTensor([2], Float32Array.of(0.5, -0.3)),
    },
  ],
);
/** The layer in float64: −0.3 is no float32. */
const EXACT = { ...unrolled(DENSE), b: Float64Array.of(0.5, -0.3) };
const X = [1, 2, -1];
const R = [2, 3];
const BOX = { low: [-1, -1, -1], high: [2, 2, 2] };

/** z = [−5.5, −0.05]; relevances in float64. */
const VECTORS: readonly (readonly [Record<string, unknown>, readonly number[]])[] = [
  [{ name: 'epsilon', epsilon: 1e-6 }, [59.63516373, -58.54425483, -13.90879111]],
  [{ name: 'z-plus' }, [1.33333244, 2.39999808, 0.59999952]],
  [{ name: 'alpha-beta', alpha: 2, beta: 1 }, [0.35897436, 3.65713918, 0.34285631]],
  [{ name: 'gamma', gamma: 0.25 }, [9.7241113, -6.62066851, -0.96551205]],
  [{ name: 'z-box', low: -1, high: 2 }, [2.92307564, 1.38461496, 0.69230748]],
  [{ name: 'flat' }, [1.66666611, 1.66666611, 1.66666611]],
  [{ name: 'w-square' }, [2.27938678, 1.09616245, 1.39684755]],
  [{ name: 'w-square', bias: 'zero' }, [2.42856968, 1.14285667, 1.42857123]],
];

const POOLED = chain(
  [1, 2, 2],
  [{ type: 'avgPool2d', kernel: [2, 2], stride: [2, 2], padding: [0, 0, 0, 0], counted: [0, 0, 0, 0] }],
);

test.each(VECTORS)('the slow rules give the known relevance of one dense layer under %j', (rule, expected) => {
  expect(distance(redistribute(Rule.parse(rule), EXACT, X, R, BOX).relevance, expected)).toBeLessThan(1e-8);
});

describe.each(ENGINES)('known relevances on %s', (_name, create) => {
  const engine = engineOfBlock(create);

  test.each(VECTORS)('one dense layer under %j', async (rule, expected) => {
    const plan = planned({ network: DENSE }, 'lrp', { composite: [{ match: { type: 'dense' }, rule }], start: 'one' });
    const [row] = await runRows(engine(), DENSE, plan, [{ x: X, target: R }]);
    // z = −0.05 is a difference of numbers of size 1: float32 leaves 6 digits of it.
    expect(distance(row?.relevance ?? [], expected)).toBeLessThan(rule['name'] === 'epsilon' ? 5e-6 : 5e-7);
  });

  test('one window of average pooling', async () => {
    const plan = planned({ network: POOLED }, 'lrp', { composite: 'epsilon', start: 'one' });
    const [row] = await runRows(engine(), POOLED, plan, [{ x: [1, 2, 3, -2], target: [1] }]);
    expect(distance(row?.relevance ?? [], [0.24999975, 0.4999995, 0.74999925, -0.4999995])).toBeLessThan(1e-6);
  });
});
