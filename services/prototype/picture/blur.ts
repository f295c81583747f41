import type { Shape } from '../../../models/tensors/tensor.ts';

/** Where the kernel is cut, in standard deviations. */
const REACH = 3;

/**
 * A Gaussian blur of every channel, in place: two passes with exp(−d²/2σ²), cut at 3σ and normalised over the pixels that
 * exist, so that a flat picture stays as it is up to its border.
 * @param shape [C, H, W]
 */
export function blur(image: Float32Array, shape: Shape, sigma: number): void {
  const [channels = 0, height = 0, width = 0] = shape;
  const reach = Math.ceil(REACH * sigma);
  const kernel = Float64Array.from({ length: 2 * reach + 1 }, (_, k) =>
    Math.exp(-((k - reach) ** 2) / (2 * sigma ** 2)),
  );
  for (let channel = 0; channel < channels; channel += 1) {
    const plane = image.subarray(channel * height * width, (channel + 1) * height * width);
    for (let row = 0; row < height; row += 1) blurLine(plane, row * width, 1, width, kernel);
    for (let column = 0; column < width; column += 1) blurLine(plane, column, width, height, kernel);
  }
}

function blurLine(plane: Float32Array, start: number, stride: number, length: number, kernel: Float64Array): void {
  const reach = (kernel.length - 1) / 2;
  const line = Float64Array.from({ length }, (_, i) => plane[start + i * stride] as number);
  for (let i = 0; i < length; i += 1) {
    let [sum, weights] = [0, 0];
    for (let k = Math.max(0, i - reach); k <= Math.min(length - 1, i + reach); k += 1) {
      const weight = kernel[k - i + reach] as number;
      sum += weight * (line[k] as number);
      weights += weight;
    }
    plane[start + i * stride] = sum / weights;
  }
}
