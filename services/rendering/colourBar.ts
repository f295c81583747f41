import type { Picture } from '../../models/preprocessing/picture.ts';
import type { Colormap } from '../../schemas/render.ts';
import { fill, INK, type Rectangle, write } from './canvas.ts';
import { colourAt, isSigned } from './colormaps.ts';
import { GLYPH } from './font.ts';

/** What the colours of a map mean. */
export interface ColourKey {
  readonly colormap: Colormap;
  /** The |relevance| of the strongest colour. */
  readonly scale: number;
}

/** Characters of the longest number beside a colour bar. */
export function barCharacters(key: ColourKey): number {
  return Math.max(...ticksOf(key.colormap).map((t) => tickLabel(t * key.scale).length));
}

/**
 * Draws a colour bar: the strongest colour above, the numbers beside it at both ends and, where there is room, in the
 * middle. A border of one pixel takes the outermost pixels of the rectangle.
 */
export function drawColourBar(
  canvas: Picture,
  key: ColourKey,
  bar: Rectangle,
  text: { readonly left: number; readonly scale: number },
): void {
  const [top, , bottom] = ticksOf(key.colormap);
  fill(canvas, bar, INK);
  for (let y = 1; y < bar.height - 1; y++) {
    const t = top + ((bottom - top) * (y - 1)) / Math.max(1, bar.height - 3);
    fill(canvas, { left: bar.left + 1, width: bar.width - 2, top: bar.top + y, height: 1 }, colourAt(key.colormap, t));
  }
  const line = (GLYPH.height - 1) * text.scale;
  const room = Math.max(0, bar.height - line);
  for (const [index, t] of ticksOf(key.colormap).entries()) {
    if (index === 1 && bar.height < 4 * line) continue;
    write(canvas, tickLabel(t * key.scale), text.left, bar.top + Math.round((index * room) / 2), text.scale);
  }
}

/** Where the numbers are: top, middle and bottom of the bar, as shares of the scale. */
function ticksOf(colormap: Colormap): readonly [number, number, number] {
  return isSigned(colormap) ? [1, 0, -1] : [1, 0.5, 0];
}

/** Three digits, e.g. 0.5, -12.3, 1.2e-7. */
function tickLabel(value: number): string {
  const size = Math.abs(value);
  return size !== 0 && (size < 0.001 || size >= 1e5) ? value.toExponential(1) : String(Number(value.toPrecision(3)));
}
