import { inColour, inGray, type Picture } from '../../models/preprocessing/picture.ts';
import type { Colormap, RenderOptions } from '../../schemas/render.ts';
import { fill, INK, paste, write } from './canvas.ts';
import { colourAt, colourise, isSigned } from './colormaps.ts';
import { cutText, GLYPH, printable } from './font.ts';
import type { TileLayout } from './layout.ts';
import { type Interpolation, type Plane, resample } from './resample.ts';

/** One relevance map and what is drawn with it. */
export interface Tile {
  readonly plane: Plane;
  /** The |relevance| of the strongest colour. */
  readonly scale: number;
  readonly colormap: Colormap;
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
  const map = drawMap(tile, layout, options.interpolation);
  const picture = tile.picture && enlarge(tile.picture, panel.width, panel.height, options.interpolation);
  if (picture && options.mode === 'overlay') blend(map, inColour(inGray(picture)), options.alpha);
  if (picture && options.mode === 'side-by-side') paste(canvas, picture, left, top);
  paste(canvas, map, left + layout.mapLeft, top);
  if (layout.bar) drawBar(canvas, tile, layout, corner);
  if (tile.label !== null && layout.labelTop !== null) {
    const label = cutText(printable(tile.label), Math.floor(layout.width / layout.textScale));
    write(canvas, label, left, top + layout.labelTop, layout.textScale);
  }
}

/** The relevance is enlarged before it is coloured, so that between red and blue there is white, never violet. */
function drawMap({ plane, scale, colormap }: Tile, { panel }: TileLayout, interpolation: Interpolation): Picture {
  const { width, height, data } = resample(plane, panel.width, panel.height, interpolation);
  return { width, height, channels: 3, data: colourise(data, scale, colormap) };
}

/** map ← alpha · map + (1 − alpha) · under. */
function blend(map: Picture, under: Picture, alpha: number): void {
  for (let i = 0; i < map.data.length; i++) {
    map.data[i] = Math.round(alpha * (map.data[i] ?? 0) + (1 - alpha) * (under.data[i] ?? 0));
  }
}

function enlarge(picture: Picture, width: number, height: number, interpolation: Interpolation): Picture {
  if (picture.width === width && picture.height === height) return picture;
  const data = new Uint8ClampedArray(3 * width * height);
  for (let channel = 0; channel < 3; channel++) {
    const samples = new Float32Array(picture.width * picture.height);
    for (let i = 0; i < samples.length; i++) samples[i] = picture.data[3 * i + channel] ?? 0;
    const plane = resample(
      { width: picture.width, height: picture.height, data: samples },
      width,
      height,
      interpolation,
    );
    for (let i = 0; i < plane.data.length; i++) data[3 * i + channel] = plane.data[i] ?? 0;
  }
  return { width, height, channels: 3, data: new Uint8Array(data.buffer) };
}

/** The colours from the largest (above) to the smallest, with the numbers at the ends and, given room, at the middle. */
function drawBar(canvas: Picture, { scale, colormap }: Tile, layout: TileLayout, { left, top }: Corner): void {
  if (!layout.bar) return;
  const { height } = layout.panel;
  const bar = { left: left + layout.bar.left, width: layout.bar.width };
  const smallest = isSigned(colormap) ? -1 : 0;
  fill(canvas, { ...bar, top, height }, INK);
  for (let y = 1; y < height - 1; y++) {
    const t = 1 - ((1 - smallest) * (y - 1)) / Math.max(1, height - 3);
    fill(canvas, { left: bar.left + 1, width: bar.width - 2, top: top + y, height: 1 }, colourAt(colormap, t));
  }
  const line = (GLYPH.height - 1) * layout.textScale;
  const ticks = height >= 4 * line ? [1, (1 + smallest) / 2, smallest] : [1, smallest];
  for (const t of ticks) {
    const place = ((1 - t) / (1 - smallest)) * Math.max(0, height - line);
    write(canvas, tickLabel(t * scale), bar.left + bar.width + 4, top + Math.round(place), layout.textScale);
  }
}

/** Three digits, e.g. 0.5, -12.3, 1.2e-7. */
function tickLabel(value: number): string {
  const size = Math.abs(value);
  return size !== 0 && (size < 0.001 || size >= 1e5) ? value.toExponential(1) : String(Number(value.toPrecision(3)));
}
