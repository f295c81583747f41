import type { Picture } from '../../models/preprocessing/picture.ts';
import type { ArrayTensor } from '../../models/tensors/tensor.ts';
import type { FilterColours, FiltersQuery } from '../../schemas/filters.ts';
import { blankCanvas, FRAME, fill, frame, paste, write } from './canvas.ts';
import { colourise } from './colormaps.ts';
import { colourScale } from './colourScale.ts';
import { layoutSheet } from './layout.ts';
import { resizePicture } from './resizePicture.ts';

/** Smallest default side of a filter. */
const COMFORTABLE = 64;

/** How the filters of a layer are drawn. */
export interface FilterSheetOptions extends Pick<FiltersQuery, 'normalise' | 'size'> {
  readonly colours: FilterColours;
  /** The channels that are red, green and blue, for `rgb`. */
  readonly channels: readonly [red: number, green: number, blue: number];
}

/** One filter: values [channels, height, width], and the |value| that gets the strongest colour. */
interface Filter {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly data: Float32Array;
  readonly scale: number;
}

/**
 * Draws weights [out, in, kh, kw] as a sheet of `out` pictures that is about square, each with its index below. Zero is
 * mid gray (`rgb`, `gray`) or white (`red-blue`), and the colours are symmetric about it.
 * @throws ElucidError `invalid` when the sheet would be too large
 */
export function drawFilterSheet(weights: ArrayTensor, options: FilterSheetOptions): Picture {
  const pictures = filtersOf(weights, options.normalise).map((filter) => drawFilter(filter, options));
  const { width = 1, height = 1 } = pictures[0] ?? {};
  const longer = Math.max(width, height);
  const size = options.size ?? longer * Math.max(1, Math.ceil(COMFORTABLE / longer));
  const layout = layoutSheet({
    count: pictures.length,
    natural: { width, height },
    options: { size, mode: 'map' },
    labelled: true,
    barCharacters: null,
  });
  const canvas = blankCanvas(layout.width, layout.height);
  const { panel, labelTop, textScale } = layout.tile;
  for (const [index, picture] of pictures.entries()) {
    const { left, top } = layout.places[index] ?? { left: 0, top: 0 };
    frame(canvas, { left, top, ...panel });
    paste(canvas, resizePicture(picture, panel.width, panel.height, 'nearest'), left, top);
    write(canvas, String(index), left, top + (labelTop ?? 0), textScale);
  }
  return canvas;
}

function filtersOf({ shape, data }: ArrayTensor, normalise: FiltersQuery['normalise']): readonly Filter[] {
  const [count = 0, channels = 0, height = 0, width = 0] = shape;
  const size = channels * height * width;
  const largest = (values: Float32Array) => colourScale(values, { normalise: 'max-abs', percentile: 100 });
  const overall = largest(data);
  return Array.from({ length: count }, (_, index) => {
    const values = data.subarray(index * size, (index + 1) * size);
    return { channels, height, width, data: values, scale: normalise === 'all' ? overall : largest(values) };
  });
}

/** One pixel per weight. */
function drawFilter(filter: Filter, { colours, channels }: FilterSheetOptions): Picture {
  if (colours === 'rgb') return interleaved(filter, channels);
  const maps = Array.from({ length: filter.channels }, (_, channel) => {
    return colours === 'gray' ? interleaved(filter, [channel, channel, channel]) : signedMap(filter, channel);
  });
  return mosaic(maps, filter);
}

/** Three channels as red, green and blue: −scale is black, 0 is mid gray, scale is white. */
function interleaved({ width, height, data, scale }: Filter, channels: FilterSheetOptions['channels']): Picture {
  const area = width * height;
  const pixels = new Uint8Array(3 * area);
  const factor = scale > 0 ? 127 / scale : 0;
  for (const [colour, channel] of channels.entries()) {
    for (let i = 0; i < area; i++) pixels[3 * i + colour] = Math.round(128 + factor * (data[channel * area + i] ?? 0));
  }
  return { width, height, channels: 3, data: pixels };
}

function signedMap({ width, height, data, scale }: Filter, channel: number): Picture {
  const area = width * height;
  const values = data.subarray(channel * area, (channel + 1) * area);
  return { width, height, channels: 3, data: colourise(values, scale, 'red-blue') };
}

/** The maps of a filter's channels, row by row, with lines as wide as one weight between them. */
function mosaic(maps: readonly Picture[], { width, height }: Filter): Picture {
  const [only] = maps;
  if (only !== undefined && maps.length === 1) return only;
  const columns = Math.min(maps.length, Math.ceil(Math.sqrt((maps.length * (height + 1)) / (width + 1))));
  const rows = Math.ceil(maps.length / columns);
  const canvas = blankCanvas(columns * (width + 1) - 1, rows * (height + 1) - 1);
  fill(canvas, { left: 0, top: 0, width: canvas.width, height: canvas.height }, FRAME);
  for (const [index, map] of maps.entries()) {
    paste(canvas, map, (index % columns) * (width + 1), Math.floor(index / columns) * (height + 1));
  }
  return canvas;
}
