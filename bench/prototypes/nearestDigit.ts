import { type Digits, PIXELS } from '../../training/mnist.ts';
import { PIXEL_SCALE } from '../../training/recipe.ts';

/** Pixels after which a distance that is too large already is given up. */
const STRETCH = 56;

/**
 * Euclidean distance of every picture to the nearest of some digits, all with values in [0, 1].
 * @param pictures 28 × 28 each, one after another
 */
export function nearestDigit(digits: Digits, pictures: Float32Array): Float32Array {
  const gray = Float32Array.from(digits.pixels, (byte) => byte * PIXEL_SCALE);
  return Float32Array.from({ length: pictures.length / PIXELS }, (_, index) => {
    const picture = pictures.subarray(index * PIXELS, (index + 1) * PIXELS);
    let nearest = Number.POSITIVE_INFINITY;
    for (let digit = 0; digit < digits.count; digit += 1) {
      nearest = Math.min(nearest, squaredDistance(picture, gray, digit * PIXELS, nearest));
    }
    return Math.sqrt(nearest);
  });
}

/** ‖x − y‖², or anything above `limit` where it is larger than that. */
function squaredDistance(picture: Float32Array, digits: Float32Array, offset: number, limit: number): number {
  let sum = 0;
  for (let begin = 0; begin < PIXELS && sum < limit; begin += STRETCH) {
    for (let pixel = begin; pixel < begin + STRETCH; pixel += 1) {
      const difference = (picture[pixel] ?? 0) - (digits[offset + pixel] ?? 0);
      sum += difference * difference;
    }
  }
  return sum;
}
