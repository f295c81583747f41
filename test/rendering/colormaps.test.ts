import { COLORMAPS } from '../../schemas/render.ts';
import { colourAt, colourise } from '../../services/rendering/colormaps.ts';

const triples = (bytes: Uint8Array) =>
  Array.from({ length: bytes.length / 3 }, (_, i) => Array.from(bytes.subarray(3 * i, 3 * i + 3)));

test.each([
  ['red-blue', [0, 0, 255], [255, 255, 255], [255, 0, 0]],
  ['heat', [0, 0, 0], [0, 0, 0], [255, 255, 255]],
  ['gray', [0, 0, 0], [0, 0, 0], [255, 255, 255]],
  ['viridis', [68, 1, 84], [68, 1, 84], [253, 231, 37]],
] as const)('%s is exact at the smallest value, at zero and at the largest', (colormap, smallest, zero, largest) => {
  const colours = triples(colourise(new Float32Array([-3, 0, 3]), 3, colormap));
  expect(colours).toEqual([smallest, zero, largest]);
});

test('heat passes red at a third and yellow at two thirds', () => {
  expect(colourAt('heat', 1 / 3)).toEqual([255, 0, 0]);
  expect(colourAt('heat', 2 / 3)).toEqual([255, 255, 0]);
});

test('red-blue is symmetric: opposite relevances swap red and blue', () => {
  const values = Float32Array.from({ length: 401 }, (_, i) => (i - 200) / 100);
  const colours = triples(colourise(values, 2, 'red-blue'));
  const opposite = triples(
    colourise(
      values.map((value) => -value),
      2,
      'red-blue',
    ),
  );
  expect(opposite).toEqual(colours.map(([red, green, blue]) => [blue, green, red]));
});

test.each(COLORMAPS)('%s has one colour for a relevance that is zero everywhere', (colormap) => {
  const colours = triples(colourise(new Float32Array(5), 0, colormap));
  expect(colours).toEqual(Array(5).fill([...colourAt(colormap, 0)]));
});

test.each(COLORMAPS)('%s gives values beyond the scale the colour of the end', (colormap) => {
  const [beyond, end] = triples(colourise(new Float32Array([1e30, 1]), 1, colormap));
  expect(beyond).toEqual(end);
});

test.each(['heat', 'gray', 'viridis'] as const)('%s never gets darker as relevance grows', (colormap) => {
  const luma = Array.from({ length: 256 }, (_, i) => {
    const [red, green, blue] = colourAt(colormap, i / 255);
    return 0.299 * red + 0.587 * green + 0.114 * blue;
  });
  for (let i = 1; i < luma.length; i++) expect(luma[i]).toBeGreaterThanOrEqual((luma[i - 1] ?? 0) - 1);
});

test('the table agrees with the colours computed one by one', () => {
  const values = Float32Array.from({ length: 511 }, (_, i) => (i - 255) / 255);
  for (const colormap of COLORMAPS) {
    expect(triples(colourise(values, 1, colormap))).toEqual(Array.from(values, (t) => [...colourAt(colormap, t)]));
  }
});
