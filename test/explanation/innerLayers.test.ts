import { type Network, shapeAt } from '../../models/network.ts';
import { sizeOf } from '../../models/tensors/tensor.ts';
import type { MethodName } from '../../schemas/methods.ts';
import { forward } from '../models/forward.ts';
import { at } from '../models/values.ts';
import { ENGINES } from '../support/engines.ts';
import { distance, isAccounted, total } from './closeness.ts';
import { engineOfBlock, planned, runRows } from './explainRows.ts';
import { NetworkSketch, outputCount } from './networks.ts';
import { centralDifferences, scoreOf } from './slowGradient.ts';
import { activation, convolution, dense, inputOf, RECTIFIED, SMOOTH } from './smallNetworks.ts';

/** The layers behind one, as a network that reads its output; for networks that only read that one from before. */
function tail(network: Network, layer: number): Network {
  const layers = network.layers.slice(layer + 1).map((behind) => ({
    ...behind,
    inputs: behind.inputs.map((input) => input - layer - 1),
  }));
  return { ...network, id: 'tail', inputShape: shapeAt(network, layer), layers, output: network.output - layer - 1 };
}

/** The layers up to one, whose output as a vector is what the network gives. */
function head(network: Network, layer: number): Network {
  const size = sizeOf(shapeAt(network, layer));
  const flat = { name: 'flat', type: 'reshape', inputs: [layer], shape: [size] } as const;
  return { ...network, id: 'head', layers: [...network.layers.slice(0, layer + 1), flat], output: layer + 1 };
}

/** Composites that do not speak of first or last layers, so that parts of a network get the rules of the whole. */
const COMPOSITES = ['epsilon', 'epsilon-plus', 'alpha2-beta1'];
const INNER = [0, 1, 2, 3, 4, 5, 6, 7];

describe.each(ENGINES)('relevance at inner layers, on %s', (_engine, create) => {
  const engine = engineOfBlock(create);
  const target = [1, -0.5, 2];

  test.each(COMPOSITES)(
    'LRP by %s: the sums of the whole report; of the layers behind; and passed on, the rest',
    async (composite) => {
      const x = inputOf(RECTIFIED, 220);
      const whole = planned({ network: RECTIFIED }, 'lrp', { composite, start: 'one' });
      const [explained] = await runRows(engine(), RECTIFIED, whole, [{ x, target }]);
      const names =
        whole.conservation.kind === 'report' ? whole.conservation.layout.layers.map(({ name }) => name) : [];
      const values = forward(RECTIFIED, x);
      for (const layer of INNER) {
        const plan = planned({ network: RECTIFIED, layer }, 'lrp', { composite, start: 'one' });
        expect(plan.relevanceShape).toEqual(shapeAt(RECTIFIED, layer));
        const [row] = await runRows(engine(), RECTIFIED, plan, [{ x, target }]);
        const relevance = row?.relevance ?? new Float32Array();
        expect(row !== undefined && isAccounted(row)).toBe(true);
        const column = names.indexOf(RECTIFIED.layers[layer]?.name ?? '');
        const size = total(relevance.map(Math.abs));
        expect(Math.abs(total(relevance) - (explained?.layers[column] ?? Number.NaN))).toBeLessThan(1e-5 * size);

        const rest = tail(RECTIFIED, layer);
        const [behind] = await runRows(engine(), rest, planned({ network: rest }, 'lrp', { composite, start: 'one' }), [
          { x: at(values, layer).data, target },
        ]);
        expect(distance(relevance, behind?.relevance ?? [])).toBeLessThan(1e-4);

        const front = head(RECTIFIED, layer);
        const [passed] = await runRows(
          engine(),
          front,
          planned({ network: front }, 'lrp', { composite, start: 'one' }),
          [{ x, target: relevance }],
        );
        expect(distance(passed?.relevance ?? [], explained?.relevance ?? [])).toBeLessThan(1e-4);
      }
    },
  );

  test('what is taken back around the layer is dropped, and the report adds up', async () => {
    const sketch = new NetworkSketch([2, 4, 4]);
    const before = sketch.add(convolution(2, 3, 222));
    sketch.add(activation('relu'));
    const inside = sketch.add(convolution(3, 3, 224));
    sketch.add({ type: 'add', coefficients: null }, [before, inside]);
    sketch.flatten();
    sketch.add(dense(48, 3, 226));
    const network = sketch.network();
    const x = inputOf(network, 228);
    const plan = planned({ network, layer: inside }, 'lrp', { composite: 'epsilon-plus' });
    const [row] = await runRows(engine(), network, plan, [{ x, target }]);
    expect(row !== undefined && isAccounted(row)).toBe(true);
    expect(Math.abs(row?.dropped ?? 0)).toBeGreaterThan(0.01 * Math.abs(row?.start ?? 0));
    const [first] = await runRows(
      engine(),
      network,
      planned({ network, layer: before }, 'lrp', { composite: 'epsilon-plus' }),
      [{ x, target }],
    );
    expect(first?.dropped).toBe(0);
  });

  test.each([
    ['gradient', (d: number) => d],
    ['sensitivity', (d: number) => d * d],
    ['gradient-times-input', (d: number, value: number) => d * value],
    ['taylor', (d: number, value: number) => d * value],
  ] as const)('%s is that of the layers behind, with the layer as their input', async (method, reading) => {
    const x = inputOf(SMOOTH, 229);
    const values = forward(SMOOTH, x);
    for (const layer of [0, 1, 2, 3, 4, 5]) {
      const rest = tail(SMOOTH, layer);
      const own = at(values, layer).data;
      const expected = centralDifferences(scoreOf(rest, target), own).map((d, i) => reading(d, at(own, i)));
      const plan = planned({ network: SMOOTH, layer }, method);
      expect(plan.relevanceShape).toEqual(shapeAt(SMOOTH, layer));
      const [row] = await runRows(engine(), SMOOTH, plan, [{ x, target }]);
      expect(distance(row?.relevance ?? [], expected)).toBeLessThan(1e-5);
    }
  });

  test.each(['guided-backprop', 'deconvnet'] as const)('%s at a layer is that of the layers behind', async (method) => {
    const x = inputOf(RECTIFIED, 230);
    const values = forward(RECTIFIED, x);
    for (const layer of INNER) {
      const rest = tail(RECTIFIED, layer);
      const behindOf = { x: at(values, layer).data, target };
      const [row] = await runRows(engine(), RECTIFIED, planned({ network: RECTIFIED, layer }, method), [{ x, target }]);
      const [behind] = await runRows(engine(), rest, planned({ network: rest }, method), [behindOf]);
      expect(distance(row?.relevance ?? [], behind?.relevance ?? [])).toBeLessThan(1e-5);
    }
  });

  test('a layer that the explained value does not depend on has relevance 0', async () => {
    const sketch = new NetworkSketch([3]);
    const hidden = sketch.add(dense(3, 4, 231));
    const aside = sketch.add(activation('tanh'));
    sketch.add(dense(4, 3, 233), [hidden]);
    const network = sketch.network();
    for (const [method, options] of [
      ['gradient', {}],
      ['lrp', { composite: 'epsilon' }],
    ] as const) {
      const plan = planned({ network, layer: aside }, method, options);
      const [row] = await runRows(engine(), network, plan, [{ x: [1, 2, 3], target }]);
      expect([...(row?.relevance ?? [])].map(Math.abs)).toEqual([0, 0, 0, 0]);
    }
  });

  test('of the output itself: what was put in', async () => {
    const plan = planned({ network: RECTIFIED, layer: RECTIFIED.output }, 'lrp', {
      composite: 'epsilon',
      start: 'one',
    });
    const [row] = await runRows(engine(), RECTIFIED, plan, [{ x: inputOf(RECTIFIED, 235), target }]);
    expect([...(row?.relevance ?? [])]).toEqual(target);
    expect(outputCount(RECTIFIED)).toBe(row?.relevance.length);
  });
});

const INPUT_ONLY: readonly (readonly [MethodName, Record<string, unknown>, string])[] = [
  ['integrated-gradients', {}, 'integrated-gradients'],
  ['smoothgrad', {}, 'smoothgrad'],
  ['occlusion', {}, 'occlusion'],
  ['taylor', { root: 'line' }, 'taylor with root "line"'],
];

test.each(INPUT_ONLY)('%s %j varies the input: it is refused at a layer', (method, options, name) => {
  const detail = `${name} gives relevance at the input only, not at layer conv2d3`;
  try {
    planned({ network: RECTIFIED, layer: 3 }, method, options);
  } catch (error) {
    expect(error).toMatchObject({ code: 'not-applicable', message: detail, faults: [{ pointer: '/layer', detail }] });
    return;
  }
  throw new Error('it was not refused');
});
