import type { Picture } from '../../models/preprocessing/picture.ts';
import type { RenderOptions } from '../../schemas/render.ts';
import { blankCanvas, frame, paste, write } from './canvas.ts';
import { cutText, printable } from './font.ts';
import { layoutSheet } from './layout.ts';
import { resizePicture } from './resizePicture.ts';

export interface PictureSheetOptions extends Pick<RenderOptions, 'size' | 'interpolation'> {
  /** What is written below each picture of several. */
  readonly titles: readonly string[];
  /** Longest side of the sheet; default: that of every picture. */
  readonly maxSide?: number | undefined;
}

/**
 * Draws pictures of one size: one alone, or several as a labelled sheet that is about square.
 * @throws RangeError when there are none; ElucidError `invalid` when the sheet would be too large
 */
export function drawPictureSheet(pictures: readonly Picture[], options: PictureSheetOptions): Picture {
  const [first] = pictures;
  if (first === undefined) throw new RangeError('a sheet needs at least one picture');
  const labelled = pictures.length > 1;
  const layout = layoutSheet({
    count: pictures.length,
    natural: first,
    options: { size: options.size, mode: 'map' },
    labelled,
    barCharacters: null,
    maxSide: options.maxSide,
  });
  const { panel, labelTop, textScale } = layout.tile;
  const enlarged = (picture: Picture) => resizePicture(picture, panel.width, panel.height, options.interpolation);
  if (!labelled) return enlarged(first);
  const canvas = blankCanvas(layout.width, layout.height);
  for (const [index, picture] of pictures.entries()) {
    const { left, top } = layout.places[index] ?? { left: 0, top: 0 };
    frame(canvas, { left, top, ...panel });
    paste(canvas, enlarged(picture), left, top);
    const title = printable(options.titles[index] ?? String(index));
    write(canvas, cutText(title, Math.floor(panel.width / textScale)), left, top + (labelTop ?? 0), textScale);
  }
  return canvas;
}
