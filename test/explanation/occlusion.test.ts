import type { Network } from '../../models/network.ts';
import { ENGINES } from '../support/engines.ts';
import { distance } from './closeness.ts';
import { engineOfBlock, planned, runRows } from './explainRows.ts';
import { chain } from './networks.ts';
import { scoreOf } from './slowGradient.ts';
import { slowOcclusion } from './slowOcclusion.ts';
import { activation, convolution, dense, FLAT_SIGNAL, inputOf, SIGNAL, VECTOR } from './smallNetworks.ts';

type Pair = readonly [number, number];

/** Images of 7 × 5, on which few strides divide. */
const IMAGE = chain(
  [2, 7, 5],
  [convolution(2, 2, 200), activation('tanh'), { type: 'reshape', shape: [70] }, dense(70, 3, 202)],
);
const PLANES: ReadonlyMap<Network, readonly [number, number, number]> = new Map([
  [IMAGE, [2, 7, 5]],
  [SIGNAL, [2, 1, 9]],
  [FLAT_SIGNAL, [2, 1, 9]],
  [VECTOR, [1, 1, 7]],
]);

/** A network, options, and the window and stride that they come to. */
const CASES: readonly (readonly [string, Network, object, Pair, Pair])[] = [
  ['windows side by side', IMAGE, { window: [1, 5], stride: [1, 5] }, [1, 5], [1, 5]],
  ['windows that overlap', IMAGE, { window: 3, stride: 1 }, [3, 3], [1, 1]],
  ['strides that do not divide', IMAGE, { window: [3, 2], stride: [3, 2] }, [3, 2], [3, 2]],
  ['strides that do not divide, with overlap', IMAGE, { window: [4, 3], stride: [2, 2] }, [4, 3], [2, 2]],
  ['a window larger than the image', IMAGE, { window: 100 }, [7, 5], [3, 2]],
  ['a window taller than the image', IMAGE, { window: [9, 2], stride: 1 }, [7, 2], [1, 1]],
  ['a stride beyond the window, which would leave gaps', IMAGE, { window: 2, stride: 3 }, [2, 2], [2, 2]],
  ['an image, by default', IMAGE, {}, [1, 1], [1, 1]],
  ['a signal', SIGNAL, { window: 3, stride: 2 }, [1, 3], [1, 2]],
  ['a signal without height', FLAT_SIGNAL, { window: [1, 4], stride: [1, 3] }, [1, 4], [1, 3]],
  ['a signal, by default', SIGNAL, {}, [1, 1], [1, 1]],
  ['a vector', VECTOR, { window: 3 }, [1, 3], [1, 1]],
  ['a vector, element by element', VECTOR, { window: 1 }, [1, 1], [1, 1]],
];

describe.each(ENGINES)('occlusion on %s', (_engine, create) => {
  const engine = engineOfBlock(create);

  test.each(CASES)('%s', async (_what, network, options, window, stride) => {
    const [x, mean, target] = [inputOf(network, 204), inputOf(network, 205), [1, -1, 0.5]];
    const plane = PLANES.get(network) ?? [0, 0, 0];
    const [channels = 0] = network.inputShape;
    const list = Array.from({ length: channels }, (_, c) => 0.3 + c);
    const fills: readonly (readonly [unknown, ArrayLike<number>])[] = [
      [0, new Float64Array(x.length)],
      [-2, new Float64Array(x.length).fill(-2)],
      [list, x.map((_, i) => list[Math.floor((i * channels) / x.length)] ?? Number.NaN)],
      ['mean', mean],
    ];
    for (const [fill, values] of fills) {
      const plan = planned({ network, mean }, 'occlusion', { ...options, fill });
      expect(plan.options).toEqual({ window, stride, fill });
      const [row] = await runRows(engine(), network, plan, [{ x, target }], { maxBatch: 7 });
      const expected = slowOcclusion(scoreOf(network, target), x, plane, window, stride, values);
      expect(distance(row?.relevance ?? [], expected)).toBeLessThan(1e-5);
    }
  });

  test('the prediction of the whole input is explained, not that of what is left of it', async () => {
    const rows = [206, 207, 208].map((seed) => ({ x: inputOf(IMAGE, seed) }));
    const plan = planned({ network: IMAGE }, 'occlusion', { window: 4, fill: 3 });
    const explained = await runRows(engine(), IMAGE, plan, rows);
    explained.forEach(({ scores, relevance, explained: score }, i) => {
      const x = rows[i]?.x ?? [];
      const best = scores.indexOf(Math.max(...scores));
      expect(score).toBe(scores[best]);
      const f = scoreOf(
        IMAGE,
        [0, 1, 2].map((k) => +(k === best)),
      );
      const expected = slowOcclusion(f, x, [2, 7, 5], [4, 4], [2, 2], new Float64Array(70).fill(3));
      expect(distance(relevance, expected)).toBeLessThan(1e-5);
    });
  });
});

test.each([
  ['an image of 28 × 28', [1, 28, 28], [4, 4], [2, 2], 1 + 13 * 13],
  ['an image of 224 × 112', [3, 224, 112], [32, 16], [16, 8], 1 + 13 * 13],
  ['a signal of 100', [2, 100], [1, 14], [1, 7], 1 + 14],
  ['a vector of 3', [3], [1, 1], [1, 1], 1 + 3],
] as const)(
  'by default windows are a seventh of the input, half a window apart: %s',
  (_what, shape, window, stride, rows) => {
    const network = chain(shape, [activation('tanh')]);
    const plan = planned({ network }, 'occlusion');
    expect(plan.options).toEqual({ window, stride, fill: 0 });
    expect(plan.rowsPerItem).toBe(rows);
  },
);
