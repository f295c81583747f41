import type { RegisteredModel } from '../../../models/registry/registeredModel.ts';
import { sizeOf } from '../../../models/tensors/tensor.ts';
import type { PrototypeTargetInfo } from '../../prototype/plan.ts';
import { encodePicture } from '../../rendering/encode.ts';
import { drawPictureSheet } from '../../rendering/pictureSheet.ts';
import { inputDrawer } from './pictures.ts';

/** Most prototypes of a preview, and the longer side of each in pixels. */
const SHOWN = 16;
const SIZE = 112;

/** A small PNG of how the prototypes look by now. @param images [rows, ...input shape] */
export async function drawPreview(
  images: Float32Array,
  model: RegisteredModel,
  targets: readonly PrototypeTargetInfo[],
): Promise<Uint8Array> {
  const values = images.subarray(0, SHOWN * sizeOf(model.manifest.input.shape));
  const count = images.length / sizeOf(model.manifest.input.shape) / targets.length;
  const pictures = inputDrawer(model)(values);
  const titles = pictures.map((_, row) => titleOf(targets[Math.floor(row / count)]));
  const sheet = drawPictureSheet(pictures, { size: SIZE, interpolation: 'nearest', titles });
  return encodePicture(sheet, 'png').image.toBuffer();
}

/** What stands below a prototype. */
export function titleOf(target: PrototypeTargetInfo | undefined): string {
  if (target === undefined) return '';
  const { label, index, unit } = target;
  return label ?? (unit === null ? String(index) : `${unit.layer} ${unit.channel}`);
}
