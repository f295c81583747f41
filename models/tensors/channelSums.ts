import { type ArrayTensor, arrayTensor, type Shape } from './tensor.ts';

/** The shape of `channelSums` of a tensor. */
export function summedShape(shape: Shape): Shape {
  return shape.length === 4 ? shape.map((dimension, axis) => (axis === 1 ? 1 : dimension)) : shape;
}

/** Σ_c x_nchw, [N, C, H, W] → [N, 1, H, W] in float32; a tensor of fewer dimensions stays as it is. */
export function channelSums(tensor: ArrayTensor): ArrayTensor {
  const { shape, data } = tensor;
  const [count = 0, channels = 0, height = 0, width = 0] = shape;
  if (shape.length !== 4 || channels === 1) return tensor;
  const plane = height * width;
  const sums = new Float32Array(count * plane);
  for (let n = 0; n < count; n++) {
    const own = sums.subarray(n * plane, (n + 1) * plane);
    own.set(data.subarray(n * channels * plane, n * channels * plane + plane));
    for (let c = 1; c < channels; c++) {
      const from = (n * channels + c) * plane;
      const values = data.subarray(from, from + plane);
      for (let i = 0; i < plane; i++) own[i] = (own[i] ?? 0) + (values[i] ?? 0);
    }
  }
  return arrayTensor(summedShape(shape), sums);
}
