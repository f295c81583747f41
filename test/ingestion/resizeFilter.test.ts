import { type PreprocessingSpec, preprocessingSchema } from '../../schemas/preprocessing.ts';
import { seenBy } from '../support/seenBy.ts';
import { writePng } from './png.ts';

const SIDE = 32;

/** Rows of noise, so that only the horizontal filter matters. */
const ROW = Array.from({ length: SIDE }, (_, x) => 40 + ((x * 53) % 160));

/** Kernels by the distance from their centre in output pixels. */
const KERNELS = {
  linear: (t: number) => Math.max(1 - Math.abs(t), 0),
  cubic: (t: number) => {
    const d = Math.abs(t);
    if (d < 1) return 1.5 * d ** 3 - 2.5 * d ** 2 + 1;
    return d < 2 ? -0.5 * d ** 3 + 2.5 * d ** 2 - 4 * d + 2 : 0;
  },
};

/** A row at half its size: the mean of its pixels under the kernel. */
function halved(kernel: (t: number) => number): number[] {
  return Array.from({ length: SIDE / 2 }, (_, place) => {
    const weights = ROW.map((_, x) => kernel((x + 0.5) / 2 - (place + 0.5)));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return weights.reduce((sum, weight, x) => sum + weight * (ROW[x] ?? 0), 0) / total;
  });
}

async function resized(spec: PreprocessingSpec): Promise<number[]> {
  const samples = Uint8Array.from({ length: SIDE * SIDE }, (_, i) => ROW[i % SIDE] ?? 0);
  const png = writePng({ width: SIDE, height: SIDE, bitDepth: 8, colourType: 0, samples });
  const input = { shape: [1, SIDE / 2, SIDE / 2], preprocessing: preprocessingSchema.parse(spec) };
  const { tensor } = await seenBy(input, png, 2 ** 20);
  return [...tensor.data.subarray(0, SIDE / 2)];
}

test.each(['linear', 'cubic'] as const)('a picture is made smaller with the %s filter', async (filter) => {
  const actual = await resized({ filter });
  const expected = halved(KERNELS[filter]);
  // At the borders every program continues the picture in its own way.
  for (let place = 2; place < SIDE / 2 - 2; place += 1) {
    expect(Math.abs((actual[place] ?? Number.NaN) - (expected[place] ?? 0))).toBeLessThanOrEqual(1);
  }
});

test('the filter is linear unless the manifest says otherwise', async () => {
  expect(await resized({})).toEqual(await resized({ filter: 'linear' }));
  expect(await resized({})).not.toEqual(await resized({ filter: 'cubic' }));
});
