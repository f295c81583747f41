import { z } from 'zod';
import type { Pair } from '../../network.ts';
import { type LayerReader, paddingSchema, pairSchema, reader } from './reader.ts';
import { imageInput, type KerasValue, plainValue } from './values.ts';
import { kerasPadding } from './windows.ts';

const pooling = z.object({
  pool_size: pairSchema.default([2, 2]),
  strides: pairSchema.nullish(),
  padding: paddingSchema.default('valid'),
});

type PoolType = 'maxPool2d' | 'avgPool2d';

/** Keras' average divides by the real cells of a window; padding does not count. */
const NONE_COUNTED = [0, 0, 0, 0] as const;

function windowPooling(type: PoolType): LayerReader {
  return reader(pooling, ({ name, config }, inputs, { draft }) => {
    const input = imageInput(inputs);
    const kernel = config.pool_size;
    const stride = config.strides ?? kernel;
    const padding = kerasPadding(config.padding, { kernel, stride, dilation: [1, 1] }, sidesOf(input));
    const windows = { name, inputs: [input.index], kernel, stride, padding };
    const index = draft.add(type === 'maxPool2d' ? { type, ...windows } : { type, ...windows, counted: NONE_COUNTED });
    return plainValue(index, draft.shapeOf(index));
  });
}

const globalPooling = z.object({ keepdims: z.boolean().default(false) });

/** One window over the whole image; the result is a vector unless `keepdims` is set. */
function wholePooling(type: PoolType): LayerReader {
  return reader(globalPooling, ({ name, config }, inputs, { draft }) => {
    const input = imageInput(inputs);
    const [channels = 0] = input.shape;
    const padding = NONE_COUNTED;
    const window = { name, inputs: [input.index], kernel: sidesOf(input), stride: [1, 1], padding } as const;
    const index = draft.add(type === 'maxPool2d' ? { type, ...window } : { type, ...window, counted: NONE_COUNTED });
    if (config.keepdims) return plainValue(index, draft.shapeOf(index));
    const flat = draft.add({ type: 'reshape', name: `${name}/flatten`, inputs: [index], shape: [channels] });
    return plainValue(flat, [channels]);
  });
}

function sidesOf({ shape: [, height = 0, width = 0] }: KerasValue): Pair {
  return [height, width];
}

export const POOLING_READERS: Readonly<Record<string, LayerReader>> = {
  MaxPooling2D: windowPooling('maxPool2d'),
  AveragePooling2D: windowPooling('avgPool2d'),
  GlobalMaxPooling2D: wholePooling('maxPool2d'),
  GlobalAveragePooling2D: wholePooling('avgPool2d'),
};
