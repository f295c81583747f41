import { arrayTensor } from '../../models/tensors/tensor.ts';
import { COMPOSITE_PRESETS } from '../../schemas/rules.ts';
import { ENGINES } from '../support/engines.ts';
import { isAccounted, total } from './closeness.ts';
import { engineOfBlock, planned, runRows } from './explainRows.ts';
import { GOLDEN_NAMES, goldenNetwork, readGolden } from './goldenNetwork.ts';
import { chain, type LayerSketch, randomTensor } from './networks.ts';

/** One column of zeros to the left. */
const LEFT = [0, 0, 1].map((before) => [before, 0] as const);
const RELU: LayerSketch = { type: 'activation', function: { name: 'relu' } };

/** A dense layer; `weights` row by row, one row per output. */
function dense(inputs: number, weights: readonly number[], bias: readonly number[] | null = null): LayerSketch {
  const weight = arrayTensor([weights.length / inputs, inputs], Float32Array.from(weights));
  return { type: 'dense', weight, bias: bias === null ? null : arrayTensor([bias.length], Float32Array.from(bias)) };
}

function everyLinear(rule: Record<string, unknown>) {
  return { composite: ['dense', 'conv2d'].map((type) => ({ match: { type }, rule })), start: 'one' };
}

/** The smallest and the largest value of an input. */
function boxAround(data: readonly number[]) {
  return { low: Math.fround(Math.min(...data)), high: Math.fround(Math.max(...data)) };
}

describe.each(ENGINES)('the conservation report on %s', (_engine, create) => {
  const engine = engineOfBlock(create);

  test.each(GOLDEN_NAMES)('adds up for every preset on %s, from the score and from one', async (name) => {
    const golden = readGolden(name);
    const network = goldenNetwork(golden);
    const size = golden.input.data.length / golden.targets.length;
    const rows = golden.targets.map((index, row) => ({
      x: golden.input.data.slice(row * size, (row + 1) * size),
      target: golden.output.data
        .slice(0, golden.output.data.length / golden.targets.length)
        .map((_, k) => +(k === index)),
    }));
    for (const composite of COMPOSITE_PRESETS) {
      for (const start of ['score', 'one']) {
        const plan = planned({ network, box: boxAround(golden.input.data) }, 'lrp', { composite, start });
        const explained = await runRows(engine(), network, plan, rows);
        const astray = explained.filter((row) => !isAccounted(row));
        expect({ composite, start, astray }).toEqual({ composite, start, astray: [] });
      }
    }
  });

  test('relevance of a unit without positive contributions is dead under z-plus', async () => {
    const network = chain([2], [dense(2, [1, 2, -1, -3])]); // the second unit has none
    const [row] = await runRows(engine(), network, planned({ network }, 'lrp', everyLinear({ name: 'z-plus' })), [
      { x: [1, 1], target: [5, 7] },
    ]);
    expect(row).toMatchObject({ start: 12, dead: 7, bias: 0, dropped: 0 });
    expect(total(row?.relevance ?? []) + (row?.stabiliser ?? 0)).toBeCloseTo(5, 5);
  });

  test('relevance of a unit with z = 0 is dead under gamma, even where its parts are not 0', async () => {
    const network = chain([2], [dense(2, [1, 2, 1, -1])]);
    const [row] = await runRows(engine(), network, planned({ network }, 'lrp', everyLinear({ name: 'gamma' })), [
      { x: [1, 1], target: [5, 7] },
    ]);
    expect(row).toMatchObject({ start: 12, dead: 7, bias: 0, dropped: 0 });
    expect(total(row?.relevance ?? [])).toBeCloseTo(5, 4);
  });

  test('LRP-0 passes nothing where z = 0', async () => {
    const network = chain([2], [dense(2, [1, 2, 1, -1])]);
    const [row] = await runRows(engine(), network, planned({ network }, 'lrp', { composite: 'lrp-0', start: 'one' }), [
      { x: [1, 1], target: [6, 7] },
    ]);
    expect(row).toMatchObject({ start: 13, dead: 7, bias: 0, stabiliser: 0 });
    expect([...(row?.relevance ?? [])]).toEqual([2, 4]);
  });

  test('biases take their share of the denominator', async () => {
    const network = chain([1], [dense(1, [1], [3])]);
    const [row] = await runRows(
      engine(),
      network,
      planned({ network }, 'lrp', everyLinear({ name: 'epsilon', epsilon: 0 })),
      [{ x: [1], target: [8] }],
    );
    expect(row).toMatchObject({ bias: 6, stabiliser: 0, dead: 0 });
    expect([...(row?.relevance ?? [])]).toEqual([2]);
  });

  test('the stabiliser takes ε of z + ε', async () => {
    const network = chain([2], [dense(2, [1, 2, 1, 0])]);
    const [row] = await runRows(
      engine(),
      network,
      planned({ network }, 'lrp', everyLinear({ name: 'epsilon', epsilon: 1 })),
      [{ x: [1, 1], target: [8, 0] }],
    );
    expect(row).toMatchObject({ bias: 0, stabiliser: 2, dead: 0 });
    expect([...(row?.relevance ?? [])]).toEqual([2, 4]);
  });

  test('without fallback alpha-beta creates relevance where nothing is negative, and says so as dead', async () => {
    const network = chain([2], [dense(2, [1, 3, 1, 0])]);
    const rows = [{ x: [1, 1], target: [1, 0] }];
    const rule = { name: 'alpha-beta', alpha: 2, beta: 1, stabiliser: 0 };
    const [created] = await runRows(engine(), network, planned({ network }, 'lrp', everyLinear(rule)), rows);
    expect([...(created?.relevance ?? [])]).toEqual([0.5, 1.5]);
    expect(created).toMatchObject({ start: 1, dead: -1 });
    const plan = planned({ network }, 'lrp', everyLinear({ ...rule, fallback: true }));
    const [kept] = await runRows(engine(), network, plan, rows);
    expect([...(kept?.relevance ?? [])]).toEqual([0.25, 0.75]);
    expect(kept).toMatchObject({ start: 1, dead: 0 });
  });

  test('relevance on padding that flat reaches is dropped', async () => {
    const geometry = { stride: [1, 1], padding: [0, 0, 0, 0], dilation: [1, 1], groups: 1 } as const;
    const convolution: LayerSketch = {
      type: 'conv2d',
      weight: randomTensor([1, 1, 1, 2], 70),
      bias: null,
      ...geometry,
    };
    const network = chain(
      [1, 1, 1],
      [
        {
          type: 'pad',
          padding: LEFT,
        },
        convolution,
      ],
    );
    const plan = planned({ network }, 'lrp', everyLinear({ name: 'flat', stabiliser: 0 }));
    const [row] = await runRows(engine(), network, plan, [{ x: [3], target: [10] }]);
    expect(row).toMatchObject({ start: 10, dropped: 5 });
    expect([...(row?.relevance ?? [])]).toEqual([5]);
  });

  test('the sums by layer go from the output to the input', async () => {
    const network = chain([2], [dense(2, [1, 2, 1, 1]), RELU, dense(2, [1, 1, 0, 1])]);
    const plan = planned({ network }, 'lrp', { composite: 'lrp-0' });
    const [row] = await runRows(engine(), network, plan, [{ x: [1, 1] }]);
    const named = plan.conservation.kind === 'report' ? plan.conservation.layout.layers : [];
    expect(named.map(({ name, rule }) => `${name} ${rule}`)).toEqual([
      'dense2 epsilon',
      'activation1 pass',
      'dense0 epsilon',
    ]);
    expect(row?.layers).toEqual([5, 5, 5]);
  });
});
