import { z } from 'zod';
import { type LayerReader, reader } from './reader.ts';
import { derivedValue, plainValue, sidesOf } from './values.ts';
import { ALONG_SIGNALS, kerasPadding, OVER_IMAGES, paddingSchema, type Sliding } from './windows.ts';

type PoolType = 'maxPool2d' | 'avgPool2d';

/** Keras' average divides by the real cells of a window; padding does not count. */
const NONE_COUNTED = [0, 0, 0, 0] as const;

function windowPooling(type: PoolType, { extent, input: inputOf }: Sliding): LayerReader {
  const schema = z.object({
    pool_size: extent.prefault(2),
    strides: extent.nullish(),
    padding: paddingSchema.default('valid'),
  });
  return reader(schema, ({ name, config }, inputs, { draft }) => {
    const input = inputOf(inputs);
    const kernel = config.pool_size;
    const stride = config.strides ?? kernel;
    const padding = kerasPadding(config.padding, { kernel, stride, dilation: [1, 1] }, sidesOf(input));
    const windows = { name, inputs: [input.index], kernel, stride, padding };
    const index = draft.add(type === 'maxPool2d' ? { type, ...windows } : { type, ...windows, counted: NONE_COUNTED });
    return derivedValue(input, index, draft.shapeOf(index));
  });
}

const globalPooling = z.object({ keepdims: z.boolean().default(false) });

/** One window over the whole image or signal; the result is a vector unless `keepdims` is set. */
function wholePooling(type: PoolType, { input: inputOf }: Sliding): LayerReader {
  return reader(globalPooling, ({ name, config }, inputs, { draft }) => {
    const input = inputOf(inputs);
    const [channels = 0] = input.shape;
    const padding = NONE_COUNTED;
    const window = { name, inputs: [input.index], kernel: sidesOf(input), stride: [1, 1], padding } as const;
    const index = draft.add(type === 'maxPool2d' ? { type, ...window } : { type, ...window, counted: NONE_COUNTED });
    if (config.keepdims) return derivedValue(input, index, draft.shapeOf(index));
    const flat = draft.add({ type: 'reshape', name: `${name}/flatten`, inputs: [index], shape: [channels] });
    return plainValue(flat, [channels]);
  });
}

export const POOLING_READERS: Readonly<Record<string, LayerReader>> = {
  MaxPooling1D: windowPooling('maxPool2d', ALONG_SIGNALS),
  MaxPooling2D: windowPooling('maxPool2d', OVER_IMAGES),
  AveragePooling1D: windowPooling('avgPool2d', ALONG_SIGNALS),
  AveragePooling2D: windowPooling('avgPool2d', OVER_IMAGES),
  GlobalMaxPooling1D: wholePooling('maxPool2d', ALONG_SIGNALS),
  GlobalMaxPooling2D: wholePooling('maxPool2d', OVER_IMAGES),
  GlobalAveragePooling1D: wholePooling('avgPool2d', ALONG_SIGNALS),
  GlobalAveragePooling2D: wholePooling('avgPool2d', OVER_IMAGES),
};
