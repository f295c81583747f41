import type { Picture } from '../../../models/preprocessing/picture.ts';
import { valuesToPixels } from '../../../models/preprocessing/pixels.ts';
import type { RegisteredModel } from '../../../models/registry/registeredModel.ts';
import { sizeOf } from '../../../models/tensors/tensor.ts';

/** Makes pictures of inputs of a model, values [N, ...input shape]. */
export type DrawInputs = (values: Float32Array) => readonly Picture[];

/**
 * How inputs of a model are drawn: as the pictures that would be preprocessed to them; where the model takes tensors, in
 * gray from the smallest value to the largest, a vector as a row.
 */
export function inputDrawer({ manifest, meanImage }: RegisteredModel): DrawInputs {
  const { input } = manifest;
  const size = sizeOf(input.shape);
  const draw =
    input.kind === 'image'
      ? (own: Float32Array) => valuesToPixels(own, input.preprocessing, input.shape, meanImage ?? undefined)
      : (own: Float32Array) => inGrays(own, input.shape);
  return (values) =>
    Array.from({ length: values.length / size }, (_, row) => draw(values.subarray(row * size, (row + 1) * size)));
}

/** The last two axes as a picture, the mean over the others; a vector is one row. */
function inGrays(values: Float32Array, shape: readonly number[]): Picture {
  const width = shape.at(-1) ?? 1;
  const height = shape.at(-2) ?? 1;
  const area = width * height;
  const means = new Float64Array(area);
  for (let i = 0; i < values.length; i += 1) {
    means[i % area] = (means[i % area] ?? 0) + ((values[i] ?? 0) * area) / values.length;
  }
  const low = means.reduce((least, mean) => Math.min(least, mean), Number.POSITIVE_INFINITY);
  const high = means.reduce((most, mean) => Math.max(most, mean), Number.NEGATIVE_INFINITY);
  const scale = high > low ? 255 / (high - low) : 0;
  const data = new Uint8Array(3 * area);
  for (let i = 0; i < area; i += 1) data.fill(Math.round(((means[i] ?? 0) - low) * scale), 3 * i, 3 * i + 3);
  return { width, height, channels: 3, data };
}
