import type { Size } from '../../models/preprocessing/geometry.ts';
import { inColour, inGray, type Picture } from '../../models/preprocessing/picture.ts';
import type { RenderOptions } from '../../schemas/render.ts';
import { frame, paste, write } from './canvas.ts';
import { colourise } from './colormaps.ts';
import { type ColourKey, drawColourBar } from './colourBar.ts';
import { cutText, printable } from './font.ts';
import type { TileLayout } from './layout.ts';
import { type Interpolation, type Plane, resample } from './resample.ts';
import { isRepetition, repeatPixels, resizePicture } from './resizePicture.ts';

/** One relevance map and what is drawn with it. */
export interface Tile extends ColourKey {
  readonly plane: Plane;
  /** What the network saw; needed for overlays and pictures beside the map. */
  readonly picture: Picture | null;
  readonly label: string | null;
}

type Corner = { readonly left: number; readonly top: number };

/** Draws a tile with its upper left corner at a place of a canvas. */
export function drawTile(
  canvas: Picture,
  tile: Tile,
  layout: TileLayout,
  options: RenderOptions,
  corner: Corner,
): void {
  const { left, top } = corner;
  const { panel } = layout;
  const map = drawMap(tile, panel, options.interpolation);
  const picture = tile.picture && resizePicture(tile.picture, panel.width, panel.height, options.interpolation);
  if (picture && options.mode === 'overlay') blend(map, inColour(inGray(picture)), options.alpha);
  if (picture && options.mode === 'side-by-side') paste(canvas, picture, left, top);
  if (layout.labelTop !== null) frame(canvas, { left: left + layout.mapLeft, top, ...panel });
  paste(canvas, map, left + layout.mapLeft, top);
  if (layout.bar) {
    const bar = { left: left + layout.bar.left, top, width: layout.bar.width, height: panel.height };
    drawColourBar(canvas, tile, bar, { left: left + layout.bar.textLeft, scale: layout.textScale });
  }
  if (tile.label !== null && layout.labelTop !== null) {
    const label = cutText(printable(tile.label), Math.floor(layout.width / layout.textScale));
    write(canvas, label, left, top + layout.labelTop, layout.textScale);
  }
}

/**
 * The relevance is enlarged before it is coloured, so that between red and blue there is white, never violet; where
 * pixels are only repeated the order is the same to the result, and colouring first is faster.
 */
export function drawMap({ plane, scale, colormap }: Tile, panel: Size, interpolation: Interpolation): Picture {
  const coloured = ({ width, height, data }: Plane): Picture => {
    return { width, height, channels: 3, data: colourise(data, scale, colormap) };
  };
  if (isRepetition(plane, panel.width, panel.height, interpolation)) {
    return repeatPixels(coloured(plane), panel.width, panel.height);
  }
  return coloured(resample(plane, panel.width, panel.height, interpolation));
}

/** map ← alpha · map + (1 − alpha) · under. */
function blend(map: Picture, under: Picture, alpha: number): void {
  for (let i = 0; i < map.data.length; i++) {
    map.data[i] = Math.round(alpha * (map.data[i] ?? 0) + (1 - alpha) * (under.data[i] ?? 0));
  }
}
