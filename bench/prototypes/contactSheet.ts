import sharp from 'sharp';
import type { Picture } from '../../models/preprocessing/picture.ts';
import { blankCanvas, frame, paste, write } from '../../services/rendering/canvas.ts';
import { GLYPH } from '../../services/rendering/font.ts';
import { resizePicture } from '../../services/rendering/resizePicture.ts';

/** One row of the sheet: what the pictures are, in two lines, and the pictures of the digits 0 to 9. */
export interface SheetRow {
  readonly title: readonly [string, string];
  readonly pictures: readonly Picture[];
}

const SIDE = 56;
const GAP = 6;
const MARGIN = 12;
const TITLE = 190;
const TEXT = 2;

/** Draws rows of digits with their titles on the left, as a PNG. */
export function drawContactSheet(rows: readonly SheetRow[]): Promise<Buffer> {
  const columns = Math.max(...rows.map(({ pictures }) => pictures.length));
  const canvas = blankCanvas(
    2 * MARGIN + TITLE + columns * (SIDE + GAP) - GAP,
    2 * MARGIN + rows.length * (SIDE + GAP) - GAP,
  );
  for (const [row, { title, pictures }] of rows.entries()) {
    const top = MARGIN + row * (SIDE + GAP);
    for (const [line, text] of title.entries()) {
      write(canvas, text, MARGIN, top + SIDE / 2 + (line - 1) * TEXT * (GLYPH.height + 2), TEXT);
    }
    for (const [column, picture] of pictures.entries()) {
      const left = MARGIN + TITLE + column * (SIDE + GAP);
      frame(canvas, { left, top, width: SIDE, height: SIDE });
      paste(canvas, resizePicture(picture, SIDE, SIDE, 'nearest'), left, top);
    }
  }
  const { data, width, height, channels } = canvas;
  return sharp(data, { raw: { width, height, channels } }).png({ palette: true, effort: 10 }).toBuffer();
}
