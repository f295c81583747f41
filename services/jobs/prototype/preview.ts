import type { RegisteredModel } from '../../../models/registry/registeredModel.ts';
import type { PrototypeTargetInfo } from '../../prototype/plan.ts';
import { encodePicture } from '../../rendering/encode.ts';
import { drawPictureSheet } from '../../rendering/pictureSheet.ts';
import { MAX_PREVIEW_BYTES } from '../store.ts';
import { inputDrawer } from './pictures.ts';

/** The longer side of each prototype of a preview in pixels: it is halved until the file is small enough. */
const LARGEST = 112;
const SMALLEST = 14;

/**
 * A PNG of how the first prototypes look by now, small enough for an event.
 * @param images of at most PREVIEWED prototypes, [rows, ...input shape]
 * @param count prototypes of each target
 */
export async function drawPreview(
  images: Float32Array,
  model: RegisteredModel,
  targets: readonly PrototypeTargetInfo[],
  count: number,
): Promise<Uint8Array> {
  const pictures = inputDrawer(model)(images);
  const titles = pictures.map((_, row) => titleOf(targets[Math.floor(row / count)]));
  for (let size = LARGEST; ; size /= 2) {
    const sheet = drawPictureSheet(pictures, { size, interpolation: 'nearest', titles });
    const preview = await encodePicture(sheet, 'png').image.toBuffer();
    if (preview.length <= MAX_PREVIEW_BYTES || size <= SMALLEST) return preview;
  }
}

/** What stands below a prototype. */
export function titleOf(target: PrototypeTargetInfo | undefined): string {
  if (target === undefined) return '';
  const { label, index, unit } = target;
  return label ?? (unit === null ? String(index) : `${unit.layer} ${unit.channel}`);
}
