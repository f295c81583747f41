import { inColour, type Picture, type Pixels } from '../../models/preprocessing/picture.ts';
import { pixelsToValues } from '../../models/preprocessing/pixels.ts';
import { type ArrayTensor, arrayTensor } from '../../models/tensors/tensor.ts';
import { decodeImage, type ImageInput } from '../../services/ingestion/decodeImage.ts';

export interface SeenImage {
  readonly pixels: Pixels;
  /** [1, C, H, W] */
  readonly tensor: ArrayTensor;
  readonly picture: Picture;
}

/** An image as a network sees it. */
export async function seenBy(input: ImageInput, bytes: Uint8Array, maxPixels: number): Promise<SeenImage> {
  const pixels = await decodeImage(bytes, input, { maxPixels });
  const values = pixelsToValues(pixels, input.preprocessing, input.shape);
  return { pixels, tensor: arrayTensor([1, ...input.shape], values), picture: inColour(pixels) };
}
