import { renderSchema } from '../../schemas/render.ts';

test('nothing said is a PNG of the map, with the colour map left to the data', () => {
  expect(renderSchema.parse({})).toEqual({
    format: 'png',
    mode: 'map',
    normalise: 'max-abs',
    percentile: 99.5,
    interpolation: 'nearest',
    alpha: 0.6,
    colorbar: false,
  });
});

test.each([
  { colormap: 'rainbow' },
  { format: 'gif' },
  { size: 15 },
  { size: 2049 },
  { size: 100.5 },
  { alpha: 1.1 },
  { alpha: Number.NaN },
  { percentile: 0 },
  { percentile: 101 },
  { mode: 'under' },
  { interpolation: 'linear' },
  { colourbar: true },
])('%j is refused', (request) => {
  expect(renderSchema.safeParse(request).success).toBe(false);
});
