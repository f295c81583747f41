import type { Size } from '../../models/preprocessing/geometry.ts';
import { ElucidError } from '../../schemas/errors.ts';
import type { RenderOptions } from '../../schemas/render.ts';
import { GLYPH } from './font.ts';

/** Longest side of a whole picture, sheets included. */
export const MAX_CANVAS = 4096;

/** What the default size enlarges a map to, at least. */
const COMFORTABLE = 224;

const GAP = 8;

const BAR_WIDTH = 12;

/** Between a colour bar and its numbers, and between a map and its label. */
const SMALL_GAP = 4;

/** Where everything in one tile is drawn, in pixels from the tile's corner. */
export interface TileLayout extends Size {
  /** Size of a map, and of a picture beside it. */
  readonly panel: Size;
  readonly mapLeft: number;
  readonly bar: { readonly left: number; readonly width: number; readonly textLeft: number } | null;
  /** Where the label's upper edge is; null without labels. */
  readonly labelTop: number | null;
  /** Pixels per pixel of the font. */
  readonly textScale: number;
}

/** Where the tiles of a sheet are drawn. */
export interface SheetLayout extends Size {
  readonly tile: TileLayout;
  readonly places: readonly { readonly left: number; readonly top: number }[];
}

export interface LayoutRequest {
  readonly count: number;
  /** Size of what is drawn when one variable is one pixel. */
  readonly natural: Size;
  readonly options: Pick<RenderOptions, 'size' | 'mode'>;
  readonly labelled: boolean;
  /** Characters of the longest number beside a colour bar; null without colour bars. */
  readonly barCharacters: number | null;
  /** Longest side of the sheet; default: MAX_CANVAS. */
  readonly maxSide?: number | undefined;
}

/**
 * Places `count` tiles on a sheet that is about square. Maps have the size that was asked for unless the sheet would
 * exceed its longest side; then all of them are smaller.
 * @throws ElucidError `invalid` when even maps of one pixel do not fit.
 */
export function layoutSheet(request: LayoutRequest): SheetLayout {
  const { maxSide = MAX_CANVAS } = request;
  let longer = longerSide(request.natural, request.options.size);
  for (;;) {
    const sheet = placeTiles(request, longer);
    const excess = Math.max(sheet.width, sheet.height) / maxSide;
    if (excess <= 1) return sheet;
    if (longer <= 1) throw new ElucidError('invalid', `a sheet of ${request.count} maps exceeds ${maxSide} pixels`);
    longer = Math.max(1, Math.min(longer - 1, Math.floor(longer / excess)));
  }
}

function longerSide({ width, height }: Size, size: RenderOptions['size']): number {
  const longer = Math.max(width, height);
  if (size === 'input') return longer;
  return size ?? longer * Math.max(1, Math.ceil(COMFORTABLE / longer));
}

function placeTiles(request: LayoutRequest, longer: number): SheetLayout {
  const { count, natural } = request;
  const factor = longer / Math.max(natural.width, natural.height);
  const panel = {
    width: Math.max(1, Math.round(natural.width * factor)),
    height: Math.max(1, Math.round(natural.height * factor)),
  };
  const tile = layoutTile(panel, request);
  if (count === 1) return { width: tile.width, height: tile.height, tile, places: [{ left: 0, top: 0 }] };
  const step = { x: tile.width + GAP, y: tile.height + GAP };
  const columns = Math.min(count, Math.ceil(Math.sqrt((count * step.y) / step.x)));
  const rows = Math.ceil(count / columns);
  const places = Array.from({ length: count }, (_, i) => ({
    left: GAP + (i % columns) * step.x,
    top: GAP + Math.floor(i / columns) * step.y,
  }));
  return { width: GAP + columns * step.x, height: GAP + rows * step.y, tile, places };
}

function layoutTile(panel: Size, { options, labelled, barCharacters }: LayoutRequest): TileLayout {
  const textScale = Math.min(panel.width, panel.height) >= 192 ? 2 : 1;
  const mapLeft = options.mode === 'side-by-side' ? panel.width + GAP : 0;
  const mapRight = mapLeft + panel.width;
  const textLeft = mapRight + GAP + BAR_WIDTH + SMALL_GAP;
  const hasBar = barCharacters !== null;
  return {
    width: hasBar ? textLeft + barCharacters * GLYPH.advance * textScale : mapRight,
    height: panel.height + (labelled ? SMALL_GAP + GLYPH.height * textScale : 0),
    panel,
    mapLeft,
    bar: hasBar ? { left: mapRight + GAP, width: BAR_WIDTH, textLeft } : null,
    labelTop: labelled ? panel.height + SMALL_GAP : null,
    textScale,
  };
}
