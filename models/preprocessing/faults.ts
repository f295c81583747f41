import type { Preprocessing } from '../../schemas/preprocessing.ts';
import type { Shape } from '../tensors/tensor.ts';
import { imageSize, resizeSides } from './geometry.ts';
import { colourOf } from './pixels.ts';

/**
 * What is wrong with a preprocessing for an input of the given shape, one sentence each; none when they fit. The mean
 * image is not looked at: `boxOf` refuses one of the wrong size.
 */
export function preprocessingFaults(preprocessing: Preprocessing, shape: Shape): string[] {
  if (shape.length !== 3) return [`preprocessing needs an image input [C, H, W], the shape is [${shape.join(', ')}]`];
  const { channels, width, height } = imageSize(shape);
  const faults: string[] = [];
  const colour = colourOf(preprocessing, shape);
  const wanted = colour === 'gray' ? 1 : 3;
  if (channels !== wanted) faults.push(`colour ${colour} needs ${wanted} channels, the input has ${channels}`);
  for (const name of ['mean', 'std'] as const) {
    const list = preprocessing[name];
    if (typeof list !== 'string' && list.length !== 1 && list.length !== channels) {
      faults.push(`${name} has ${list.length} entries for ${channels} channels; allowed: one, or one per channel`);
    }
  }
  const sides = resizeSides(preprocessing, shape);
  const size = `${sides.width}×${sides.height}`;
  if (sides.width < width || sides.height < height) {
    faults.push(`resize ${size} is smaller than the input, ${width}×${height}`);
  } else if (preprocessing.crop === 'none' && (sides.width !== width || sides.height !== height)) {
    faults.push(`resize ${size} without a crop does not give the input, ${width}×${height}`);
  }
  return faults;
}
