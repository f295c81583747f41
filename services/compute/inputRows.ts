import { imageSize } from '../../models/preprocessing/geometry.ts';
import type { Pixels } from '../../models/preprocessing/picture.ts';
import { pixelsToValues } from '../../models/preprocessing/pixels.ts';
import type { RegisteredModel } from '../../models/registry/registeredModel.ts';
import { type ArrayTensor, arrayTensor, sizeOf } from '../../models/tensors/tensor.ts';

/** Inputs on their way to a network, one row after another: values, or 8-bit pixels of one or three channels. */
export type InputData = Float32Array | Uint8Array;

/**
 * What a request gives to a network. Pixels stay pixels until they are beside it: between processes they are a quarter of
 * the bytes, or a twelfth where a gray picture fills three channels.
 */
export interface InputRows {
  readonly rows: number;
  readonly data: InputData;
}

/** @param tensor [N, ...input shape] */
export function rowsOfTensor({ shape: [rows = 0], data }: ArrayTensor): InputRows {
  return { rows, data };
}

/** @param pixels of the size of the model's input */
export function rowsOfPixels({ data }: Pixels): InputRows {
  return { rows: 1, data };
}

/** Rows with the same mark can be joined. */
export function inputMark({ data, rows }: InputRows): string {
  return data instanceof Float32Array ? 'values' : `pixels of ${data.length / rows} bytes`;
}

/** The values that the network gets, [N, ...input shape]. */
export function inputTensor(
  { rows, data }: InputRows,
  { manifest: { input, name }, meanImage }: Pick<RegisteredModel, 'manifest' | 'meanImage'>,
): ArrayTensor {
  const { shape } = input;
  if (data instanceof Float32Array) return arrayTensor([rows, ...shape], data);
  if (input.kind !== 'image') throw new TypeError(`${name} takes tensors, not images`);
  const { width, height } = imageSize(shape);
  const bytes = data.length / rows;
  const channels = bytes === width * height ? 1 : 3;
  const valuesOf = (row: number) => {
    const pixels = { width, height, channels, data: data.subarray(row * bytes, (row + 1) * bytes) } as const;
    return pixelsToValues(pixels, input.preprocessing, shape, meanImage ?? undefined);
  };
  if (rows === 1) return arrayTensor([1, ...shape], valuesOf(0));
  const values = new Float32Array(rows * sizeOf(shape));
  for (let row = 0; row < rows; row += 1) values.set(valuesOf(row), row * sizeOf(shape));
  return arrayTensor([rows, ...shape], values);
}
