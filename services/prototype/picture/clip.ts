import type { Shape } from '../../../models/tensors/tensor.ts';

/** Sets the share of pixels with the smallest norm over the channels to zero, in place (Yosinski et al. 2015). */
export function clipSmallest(image: Float32Array, shape: Shape, percentile: number): void {
  zeroBelow(image, shape, percentile, (pixel, planes, cells) => {
    let squared = 0;
    for (let c = 0; c < planes; c += 1) squared += (image[c * cells + pixel] as number) ** 2;
    return squared;
  });
}

/** Sets the share of pixels with the smallest |Σ_c x_c ∂f/∂x_c| to zero, in place (Yosinski et al. 2015). */
export function clipContribution(image: Float32Array, gradient: Float32Array, shape: Shape, percentile: number): void {
  zeroBelow(image, shape, percentile, (pixel, planes, cells) => {
    let sum = 0;
    for (let c = 0; c < planes; c += 1) {
      sum += (image[c * cells + pixel] as number) * (gradient[c * cells + pixel] as number);
    }
    return Math.abs(sum);
  });
}

/** The first of equally small pixels go first. */
function zeroBelow(
  image: Float32Array,
  [channels = 1, ...plane]: Shape,
  percentile: number,
  size: (pixel: number, channels: number, cells: number) => number,
): void {
  const cells = plane.reduce((product, side) => product * side, 1);
  const sizes = Float64Array.from({ length: cells }, (_, pixel) => size(pixel, channels, cells));
  const order = Uint32Array.from({ length: cells }, (_, pixel) => pixel);
  order.sort((a, b) => (sizes[a] as number) - (sizes[b] as number) || a - b);
  const count = Math.floor((percentile / 100) * cells);
  for (const pixel of order.subarray(0, count)) {
    for (let channel = 0; channel < channels; channel += 1) image[channel * cells + pixel] = 0;
  }
}
