import { METHOD_NAMES } from '../../schemas/methods.ts';
import { Rule } from '../../schemas/rules.ts';
import { seededRandom } from '../engine/random.ts';
import { imported } from '../models/importedKeras.ts';
import { KerasLayers, plain } from '../models/kerasLayers.ts';
import type { KerasModel } from '../models/kerasModel.ts';
import { kerasForward } from '../models/kerasReference.ts';
import { at, filled, reordered } from '../models/values.ts';
import { ENGINES } from '../support/engines.ts';
import { distance, isAccounted } from './closeness.ts';
import { engineOfBlock, planned, runRows } from './explainRows.ts';
import { outputCount } from './networks.ts';
import { centralDifferences } from './slowGradient.ts';
import { redistribute } from './slowRules.ts';
import { unrolled } from './unrolled.ts';

const [CHANNELS, STEPS] = [3, 14];
const BOX = { low: [-1, -0.5, -2], high: [1, 2, 0] } as const;
const box = { low: [...BOX.low], high: [...BOX.high] };

const layers = new KerasLayers(31);

/** A convolution along steps alone, its outputs as scores. */
const bare: KerasModel = {
  kind: 'Sequential',
  inputShape: [STEPS, CHANNELS],
  layers: [
    layers.conv1d('conv', CHANNELS, 4, 5, { strides: 2, padding: 'same' }),
    plain('Flatten', 'flat', { data_format: 'channels_last' }),
  ],
};

const deep: KerasModel = {
  kind: 'Sequential',
  inputShape: [STEPS, CHANNELS],
  layers: [
    layers.conv1d('conv1', CHANNELS, 6, 5, { padding: 'same', activation: 'relu' }),
    plain('MaxPooling1D', 'pool1'),
    layers.conv1d('conv2', 6, 8, 3, { activation: 'relu' }),
    plain('GlobalAveragePooling1D', 'pool2'),
    layers.dense('end', 8, 4),
  ],
};

/** Down and up again: copies, a transposed and a separable convolution, slopes per channel. */
const hourglass: KerasModel = {
  kind: 'Sequential',
  inputShape: [STEPS, CHANNELS],
  layers: [
    layers.separable('conv', CHANNELS, 4, [3], { padding: 'causal' }),
    layers.prelu('prelu', [1, 4], { shared_axes: [1] }),
    plain('AveragePooling1D', 'pool'),
    plain('UpSampling1D', 'copies', { size: 3 }),
    plain('Cropping1D', 'crop', { cropping: [1, 0] }),
    layers.transposed('up', 4, 3, [4], { strides: 2, padding: 'same', activation: 'tanh' }),
    plain('Flatten', 'flat'),
    layers.dense('end', 120, 4),
  ],
};

/** A vector, as a table of numbers is. */
const vector: KerasModel = {
  kind: 'Sequential',
  inputShape: [5],
  layers: [layers.dense('hidden', 5, 6, { activation: 'relu' }), layers.dense('end', 6, 2)],
};

/** Signals inside the box, [C, L]. */
function signals(count: number): readonly Float32Array[] {
  const random = seededRandom(8);
  return Array.from({ length: count }, () =>
    Float32Array.from({ length: CHANNELS * STEPS }, (_, i) => {
      const [low, high] = [at(BOX.low, Math.floor(i / STEPS)), at(BOX.high, Math.floor(i / STEPS))];
      return low + random() * (high - low);
    }),
  );
}

/** Bounds of every element. */
function bounds(side: 'low' | 'high'): Float64Array {
  return Float64Array.from({ length: CHANNELS * STEPS }, (_, i) => at(BOX[side], Math.floor(i / STEPS)));
}

/** A score of a model by Keras' definitions, of a signal in our order. */
function kerasScore(model: KerasModel, x: ArrayLike<number>, output: number): number {
  const signal = filled([CHANNELS, STEPS], ([c = 0, l = 0]) => at(x, c * STEPS + l));
  const scores = kerasForward(model, reordered(signal, [1, 0])).get('end');
  return scores?.data[output] ?? Number.NaN;
}

describe.each(ENGINES)('a signal on %s', (_engine, create) => {
  const engine = engineOfBlock(create);

  test.each([
    { name: 'epsilon' },
    { name: 'z-plus' },
    { name: 'alpha-beta', alpha: 2, beta: 1 },
    { name: 'gamma', gamma: 0.25 },
    { name: 'z-box' },
    { name: 'w-square' },
    { name: 'flat' },
  ])('is explained through a first convolution by %j as the formula says', async (rule) => {
    const network = await imported(bare);
    const composite = [{ match: { first: true }, rule }];
    const plan = planned({ network, box }, 'lrp', { composite, start: 'one' });
    expect(plan.relevanceShape).toEqual([CHANNELS, STEPS]);
    const target = Array.from({ length: outputCount(network) }, (_, j) => 0.2 + ((7 * j) % 5));
    const rows = signals(2).map((x) => ({ x, target }));
    const explained = await runRows(engine(), network, plan, rows);
    const sides = { low: bounds('low'), high: bounds('high') };
    for (const [row, { x }] of rows.entries()) {
      const { relevance } = redistribute(Rule.parse(rule), unrolled(network), x, target, sides);
      expect(distance(at(explained, row).relevance, relevance)).toBeLessThan(1e-5);
    }
  });

  test.each(Object.entries({ deep, hourglass }))('has the gradient of Keras’ definitions: %s', async (_name, model) => {
    const network = await imported(model);
    const rows = signals(3).map((x, k) => ({ x, target: [0, 1, 2, 3].map((o) => (o === k ? 1 : 0)) }));
    const explained = await runRows(engine(), network, planned({ network, box }, 'gradient'), rows);
    for (const [k, { x }] of rows.entries()) {
      const expected = centralDifferences((near) => kerasScore(model, near, k), x);
      expect(distance(at(explained, k).relevance, expected)).toBeLessThan(1e-4);
    }
  });

  test('that is copied gets back what its copies got', async () => {
    const network = await imported(hourglass);
    const plan = planned({ network, box }, 'lrp', { composite: 'epsilon', start: 'one' });
    for (const row of await runRows(
      engine(),
      network,
      plan,
      signals(3).map((x) => ({ x })),
    )) {
      expect(isAccounted(row)).toBe(true);
    }
  });

  test.each(METHOD_NAMES)('has a relevance of its own shape by %s', async (method) => {
    const network = await imported(deep);
    const plan = planned({ network, box }, method);
    expect(plan.relevanceShape).toEqual([CHANNELS, STEPS]);
    const explained = await runRows(
      engine(),
      network,
      plan,
      signals(2).map((x) => ({ x })),
    );
    for (const { relevance } of explained) {
      expect(relevance).toHaveLength(CHANNELS * STEPS);
      expect(relevance.every(Number.isFinite) && relevance.some((value) => value !== 0)).toBe(true);
    }
  });

  test('is decomposed by deep Taylor in its box, and nothing gets lost unseen', async () => {
    const network = await imported(deep);
    const plan = planned({ network, box }, 'deep-taylor');
    expect(rulesOf(plan)).toMatchObject({ conv1: 'z-box', conv2: 'z-plus', end: 'z-plus' });
    expect(plan.requiredBox).not.toBeNull();
    for (const row of await runRows(
      engine(),
      network,
      plan,
      signals(3).map((x) => ({ x })),
    )) {
      expect(row.relevance.every((value) => value >= 0)).toBe(row.start >= 0);
      expect(isAccounted(row)).toBe(true);
    }
  });

  test.each(METHOD_NAMES)('of one axis, a vector, is explained in its shape by %s', async (method) => {
    const network = await imported(vector);
    const plan = planned({ network, box: { low: -1, high: 1 } }, method);
    expect(plan.relevanceShape).toEqual([5]);
    const [row] = await runRows(engine(), network, plan, [{ x: [0.9, -0.3, 0.5, 1, -0.8] }]);
    expect(row?.relevance.every(Number.isFinite) && row.relevance.some((value) => value !== 0)).toBe(true);
  });
});

test('without a box deep Taylor takes the square rule for a first convolution along steps', async () => {
  const plan = planned({ network: await imported(deep) }, 'deep-taylor');
  expect(rulesOf(plan)).toMatchObject({ conv1: 'w-square', conv2: 'z-plus' });
});

/** The rule of every layer of a plan with a report. */
function rulesOf({ conservation }: ReturnType<typeof planned>): Record<string, string> {
  if (conservation.kind !== 'report') throw new TypeError(`the plan reports ${conservation.kind}`);
  return Object.fromEntries(conservation.layout.layers.map(({ name, rule }) => [name, rule]));
}
