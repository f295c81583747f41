import type { LrnLayer, MaxPool2dLayer } from '../../models/network.ts';
import { at, type Values } from '../models/values.ts';
import { ENGINES } from '../support/engines.ts';
import { distance, total } from './closeness.ts';
import { engineOfBlock, planned, runRows } from './explainRows.ts';
import { chain, type LayerSketch, outputCount, randomTensor } from './networks.ts';

const SHAPE = [4, 5, 4];
const [CHANNELS = 0, ROWS = 0, COLUMNS = 0] = SHAPE;

type Place = readonly [number, number, number];
const indexOf = ([c, y, x]: Place) => (c * ROWS + y) * COLUMNS + x;
const PLACES: readonly Place[] = Array.from({ length: CHANNELS * ROWS * COLUMNS }, (_, i) => [
  Math.floor(i / (ROWS * COLUMNS)),
  Math.floor(i / COLUMNS) % ROWS,
  i % COLUMNS,
]);

/** The places of a normalisation's window around j that exist. */
function windowOf({ region, size }: LrnLayer, [c, y, x]: Place): readonly Place[] {
  const before = Math.floor((size - 1) / 2);
  const near = (a: number, b: number) => b - a >= -before && b - a < size - before;
  return PLACES.filter(([d, v, u]) =>
    region === 'across' ? v === y && u === x && near(c, d) : d === c && near(y, v) && near(x, u),
  );
}

/** Every output's messages as explanations state them, normalised to sum 1, times its relevance. */
function slowNormalisation(layer: LrnLayer, x: ArrayLike<number>, arriving: ArrayLike<number>): Float64Array {
  const { alpha, beta, size, region } = layer;
  const [k, rate] = region === 'across' ? [layer.k, alpha / size] : [1, alpha / size ** 2];
  const value = (place: Place) => x[indexOf(place)] ?? Number.NaN;
  const relevance = new Float64Array(x.length);
  for (const j of PLACES) {
    const window = windowOf(layer, j);
    const s = k + rate * window.reduce((sum, i) => sum + value(i) ** 2, 0);
    const messages = window.map((i) =>
      indexOf(i) === indexOf(j)
        ? value(i) * (k + rate * value(i) ** 2) ** -beta
        : -2 * beta * rate * s ** (-beta - 1) * value(j) * value(i) ** 2,
    );
    for (const [n, i] of window.entries()) {
      const share = (messages[n] ?? 0) / total(messages);
      relevance[indexOf(i)] = (relevance[indexOf(i)] ?? 0) + share * (arriving[indexOf(j)] ?? 0);
    }
  }
  return relevance;
}

const NORMALISATIONS: Readonly<Record<string, LayerSketch & { type: 'lrn' }>> = {
  'across channels': { type: 'lrn', region: 'across', size: 3, alpha: 0.5, beta: 0.75, k: 1.5 },
  'across an even number of channels': { type: 'lrn', region: 'across', size: 2, alpha: 0.5, beta: 0.5, k: 1 },
  'within a channel': { type: 'lrn', region: 'within', size: 3, alpha: 0.8, beta: 0.75, k: 1 },
};

/** Max pooling with what becomes of one window's relevance, by the kind of ties. */
function slowPooling(layer: MaxPool2dLayer, x: Values, arriving: ArrayLike<number>, ties: string): Float64Array {
  const relevance = new Float64Array(x.data.length);
  const [, rows = 0, columns = 0] = layer.shape;
  for (let c = 0; c < CHANNELS; c += 1) {
    for (let row = 0; row < rows; row += 1) {
      for (let column = 0; column < columns; column += 1) {
        const [top, left] = [row * layer.stride[0] - layer.padding[0], column * layer.stride[1] - layer.padding[1]];
        const cells = PLACES.filter(
          ([d, y, u]) => d === c && y >= top && y < top + layer.kernel[0] && u >= left && u < left + layer.kernel[1],
        ).map(indexOf);
        const values = cells.map((i) => at(x.data, i));
        const [highest, mean] = [Math.max(...values), total(values) / values.length];
        const winners = values.filter((value) => value === highest).length;
        const r = arriving[(c * rows + row) * columns + column] ?? 0;
        for (const [n, i] of cells.entries()) {
          const value = values[n] ?? 0;
          const split = value === highest ? 1 / winners : 0;
          const average = value / values.length / (mean + (mean < 0 ? -1e-6 : 1e-6));
          relevance[i] = (relevance[i] ?? 0) + r * (ties === 'split' ? split : average);
        }
      }
    }
  }
  return relevance;
}

const POOLINGS: Readonly<Record<string, LayerSketch & { type: 'maxPool2d' }>> = {
  'windows side by side': { type: 'maxPool2d', kernel: [2, 2], stride: [2, 2], padding: [0, 0, 1, 0] },
  'overlapping windows': { type: 'maxPool2d', kernel: [3, 2], stride: [2, 1], padding: [1, 0, 1, 1] },
};

describe.each(ENGINES)('rules of windows on %s', (_name, create) => {
  const engine = engineOfBlock(create);

  test.each(Object.entries(NORMALISATIONS))('normalisation %s by its Taylor rule', async (_title, sketch) => {
    const network = chain(SHAPE, [sketch]);
    const layer = at(network.layers, 0) as LrnLayer;
    const x = randomTensor(SHAPE, 5).data;
    const target = randomTensor([outputCount(network)], 6).data;
    const composite = [{ match: { type: 'lrn' }, rule: { name: 'taylor' } }];
    const plan = planned({ network }, 'lrp', { composite, start: 'one' });
    const [row] = await runRows(engine(), network, plan, [{ x, target }]);
    expect(distance(row?.relevance ?? [], slowNormalisation(layer, x, target))).toBeLessThan(1e-5);
    expect(total(row?.relevance ?? [])).toBeCloseTo(total(target), 4);
  });

  describe.each(Object.entries(POOLINGS))('max pooling of %s', (_title, sketch) => {
    const network = chain(SHAPE, [sketch]);
    const layer = at(network.layers, 0) as MaxPool2dLayer;
    // Few different values, so that many windows have several maxima.
    const x = randomTensor(SHAPE, 7).data.map((value) => Math.round(2 * value) + 0.25);

    test.each(['split', 'average'])('%s', async (ties) => {
      const target = randomTensor([outputCount(network)], 8).data;
      const composite = [{ match: { type: 'maxPool2d' }, rule: { name: 'winner-take-all', ties } }];
      const plan = planned({ network }, 'lrp', { composite, start: 'one' });
      const [row] = await runRows(engine(), network, plan, [{ x, target }]);
      const input = { shape: SHAPE, data: Float64Array.from(x) };
      expect(distance(row?.relevance ?? [], slowPooling(layer, input, target, ties))).toBeLessThan(1e-5);
    });
  });
});
