import { z } from 'zod';
import { sizeOf } from '../../tensors/tensor.ts';
import type { DraftBuilder } from '../canonical/draft.ts';
import { type LayerReader, reader } from './reader.ts';
import { derivedValue } from './values.ts';
import { ALONG_SIGNALS, OVER_IMAGES, type Sliding } from './windows.ts';

export const UPSAMPLING_READERS: Readonly<Record<string, LayerReader>> = {
  UpSampling1D: upsampling(ALONG_SIGNALS),
  UpSampling2D: upsampling(OVER_IMAGES),
};

/** Repeats every column and every row, by layers that only move values: relevance returns to where a copy came from. */
function upsampling({ extent, input: inputOf }: Sliding): LayerReader {
  const schema = z.object({ size: extent.prefault(2), interpolation: z.literal('nearest').default('nearest') });
  return reader(schema, ({ name, config }, inputs, { draft }) => {
    const input = inputOf(inputs);
    const [channels = 0, height = 0, width = 0] = input.shape;
    const [down, across] = config.size;
    const wide = repeated(`${name}/columns`, input.index, 1, across, draft);
    const high = repeated(`${name}/rows`, wide, width * across, down, draft);
    const shape = [channels, height * down, width * across];
    return derivedValue(input, draft.add({ type: 'reshape', name, inputs: [high], shape }), shape);
  });
}

/** Writes every run of `length` values `count` times, one after the other. */
function repeated(name: string, index: number, length: number, count: number, draft: DraftBuilder): number {
  if (count === 1) return index;
  const shape = [sizeOf(draft.shapeOf(index)) / length, length];
  const runs = draft.add({ type: 'reshape', name: `${name}/apart`, inputs: [index], shape });
  return draft.add({ type: 'concat', name, inputs: Array.from({ length: count }, () => runs), axis: 1 });
}
