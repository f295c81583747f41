import type { RenderOptions } from '../../schemas/render.ts';
import type { Explanation } from '../compute/explanation.ts';
import type { EncodedPicture } from '../rendering/encode.ts';
import { renderHeatmap } from '../rendering/renderHeatmap.ts';

/**
 * Draws the relevance of an explanation, several items as a sheet with the names of their targets.
 * @throws ElucidError `invalid` where it cannot be drawn so: see `renderHeatmap`
 */
export function drawExplanation({ relevance, items, picture }: Explanation, render: RenderOptions): EncodedPicture {
  return renderHeatmap(relevance, render, {
    signed: items.some(({ relevance: { min } }) => min < 0),
    pictures: picture === null ? null : [picture],
    titles: items.map(({ target }, n) => target.label ?? String(target.index ?? n)),
  });
}
