import sharp from 'sharp';
import type { Picture } from '../../models/preprocessing/picture.ts';
import { blankCanvas, frame, paste, write } from '../../services/rendering/canvas.ts';
import { GLYPH, textWidth } from '../../services/rendering/font.ts';

/** Side of a cell's picture, in pixels. */
export const CELL = 196;

const GAP = 20;
const MARGIN = 16;
/** Pixels per pixel of the font. */
const TEXT = 2;
const LINE = TEXT * (GLYPH.height + 3);

/** A picture of `CELL` × `CELL` pixels, and what stands below it; a caption that is too wide breaks after a hyphen. */
export interface Cell {
  readonly picture: Picture;
  readonly caption: string;
}

export interface Grid {
  /** What stands above the columns. */
  readonly titles: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

/** Draws pictures in rows and columns, as a PNG. */
export async function drawGrid({ titles, rows }: Grid): Promise<Buffer> {
  const captions = rows.map((row) => row.map(({ caption }) => linesOf(caption)));
  const lines = Math.max(...captions.flat().map(({ length }) => length));
  const rowHeight = CELL + lines * LINE + GAP;
  const header = titles.length === 0 ? 0 : LINE;
  const columns = Math.max(...rows.map((row) => row.length));
  const width = 2 * MARGIN + columns * (CELL + GAP) - GAP;
  const canvas = blankCanvas(width, 2 * MARGIN + header + rows.length * rowHeight - GAP);
  const leftOf = (column: number) => MARGIN + column * (CELL + GAP);
  for (const [column, title] of titles.entries()) centred(canvas, title, leftOf(column), MARGIN);
  for (const [row, cells] of rows.entries()) {
    const top = MARGIN + header + row * rowHeight;
    for (const [column, { picture }] of cells.entries()) {
      const left = leftOf(column);
      frame(canvas, { left, top, width: CELL, height: CELL });
      paste(canvas, picture, left, top);
      for (const [line, text] of (captions[row]?.[column] ?? []).entries()) {
        centred(canvas, text, left, top + CELL + 3 * TEXT + line * LINE);
      }
    }
  }
  const { data, height, channels } = canvas;
  return sharp(data, { raw: { width, height, channels } }).png({ palette: true, effort: 10 }).toBuffer();
}

function linesOf(caption: string): string[] {
  const lines: string[] = [];
  for (const part of caption.split(/(?<=[- ])/)) {
    const longer = `${lines.at(-1) ?? ''}${part}`;
    if (lines.length > 0 && TEXT * textWidth(longer.trimEnd()) <= CELL) lines[lines.length - 1] = longer;
    else lines.push(part);
  }
  return lines.map((line) => line.trimEnd());
}

/** A line of text in the middle of a column. */
function centred(canvas: Picture, text: string, left: number, top: number): void {
  write(canvas, text, left + Math.round((CELL - TEXT * textWidth(text)) / 2), top, TEXT);
}
