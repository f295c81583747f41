import type { Size } from '../../models/preprocessing/geometry.ts';
import type { Picture } from '../../models/preprocessing/picture.ts';
import type { ArrayTensor } from '../../models/tensors/tensor.ts';
import { faultAt } from '../../schemas/errors.ts';
import type { RenderOptions } from '../../schemas/render.ts';
import { blankCanvas } from './canvas.ts';
import { barCharacters } from './colourBar.ts';
import { colourScale } from './colourScale.ts';
import { type EncodedPicture, encodePicture } from './encode.ts';
import { layoutSheet } from './layout.ts';
import { type RelevancePlanes, relevancePlanes } from './relevancePlanes.ts';
import type { Plane } from './resample.ts';
import { drawMap, drawTile } from './tile.ts';

/** What is known of the inputs beside their relevance. */
export interface RenderContext {
  /** What the network saw, one per item; without it only maps can be drawn. */
  readonly pictures?: readonly Picture[] | null;
  /** Labels of the maps on a sheet, one per item; default: their numbers from 0. */
  readonly titles?: readonly string[];
  /** Whether any relevance was negative before it was summed over channels; default: whether any is now. */
  readonly signed?: boolean;
}

/** Thickness of a strip as a share of its length. */
const STRIP_SHARE = 1 / 8;

/**
 * Draws relevance [N, ...] as heatmaps: one map, or for N > 1 a sheet of labelled ones, each coloured by its own scale.
 * The relevance itself is not changed.
 * @throws ElucidError `invalid` when an overlay or a picture beside the map is wanted and there is no picture, or the
 *   relevance has no height; or when the sheet would be too large.
 */
export function renderHeatmap(
  relevance: ArrayTensor,
  options: RenderOptions,
  context: RenderContext = {},
): EncodedPicture {
  return encodePicture(drawHeatmap(relevance, options, context), options.format);
}

/** The pixels of `renderHeatmap`, before they are encoded. */
export function drawHeatmap(relevance: ArrayTensor, options: RenderOptions, context: RenderContext = {}): Picture {
  const drawn = relevancePlanes(relevance);
  const { planes } = drawn;
  const pictures = picturesFor(drawn, options, context);
  const signed = context.signed ?? hasNegative(relevance.data);
  const labelled = planes.length > 1;
  const tiles = planes.map((plane, n) => ({
    plane,
    scale: colourScale(plane.data, options),
    colormap: options.colormap ?? (signed ? 'red-blue' : 'heat'),
    picture: pictures?.[n] ?? null,
    label: labelled ? (context.titles?.[n] ?? String(n)) : null,
  }));
  const layout = layoutSheet({
    count: tiles.length,
    natural: naturalSize(drawn, pictures),
    options,
    labelled,
    barCharacters: options.colorbar ? tiles.reduce((most, tile) => Math.max(most, barCharacters(tile)), 0) : null,
  });
  const [only] = tiles;
  const { panel } = layout.tile;
  if (only?.picture === null && panel.width === layout.width && panel.height === layout.height) {
    return drawMap(only, panel, options.interpolation);
  }
  const canvas = blankCanvas(layout.width, layout.height);
  for (const [n, tile] of tiles.entries()) {
    drawTile(canvas, tile, layout.tile, options, layout.places[n] ?? { left: 0, top: 0 });
  }
  return canvas;
}

/** The pictures that the mode needs, one per plane; null when it needs none. */
function picturesFor(
  { planes, strip }: RelevancePlanes,
  { mode }: RenderOptions,
  { pictures }: RenderContext,
): readonly Picture[] | null {
  if (mode === 'map') return null;
  const refuse = (reason: string) =>
    faultAt('invalid', '/render/mode', `mode ${mode} ${reason}; allowed here is only: map`);
  if (strip) throw refuse('needs relevance with a height and a width');
  if (!pictures || pictures.length !== planes.length) throw refuse('needs a picture, and the input is none');
  return pictures;
}

function hasNegative(values: Float32Array): boolean {
  for (let i = 0; i < values.length; i++) if ((values[i] ?? 0) < 0) return true;
  return false;
}

/** The size at which one variable, or one pixel of the picture that is shown, is one pixel. */
function naturalSize({ planes, strip }: RelevancePlanes, pictures: readonly Picture[] | null): Size {
  const shown: Size | Plane | undefined = pictures?.[0] ?? planes[0];
  const { width, height } = shown ?? { width: 1, height: 1 };
  return strip ? { width, height: Math.max(1, width * STRIP_SHARE) } : { width, height };
}
