import { CLASSES, type Digits, PIXELS } from './mnist.ts';
import { PIXEL_SCALE } from './recipe.ts';

/** Mean picture of every class in the model's input units, [10, 1, 28, 28]. */
export function classMeans(digits: Digits): Float32Array {
  const sums = new Float64Array(CLASSES * PIXELS);
  const counts = new Uint32Array(CLASSES);
  for (let index = 0; index < digits.count; index++) {
    const label = digits.labels[index] ?? 0;
    counts[label] = (counts[label] ?? 0) + 1;
    for (let pixel = 0; pixel < PIXELS; pixel++) {
      const at = label * PIXELS + pixel;
      sums[at] = (sums[at] ?? 0) + (digits.pixels[index * PIXELS + pixel] ?? 0);
    }
  }
  return Float32Array.from(sums, (sum, at) => (sum * PIXEL_SCALE) / (counts[Math.floor(at / PIXELS)] ?? 1));
}
