import { z } from 'zod';
import type { Padding, Pair } from '../../network.ts';
import { ImportFault } from '../faults.ts';
import { cellsSchema, enumSchema, extentSchema, ignoredSchema, type LayerReader, reader } from './reader.ts';
import { imageInput, pairOf } from './windows.ts';

const poolingSchema = z.strictObject({
  pool: enumSchema(['MAX', 'AVE', 'STOCHASTIC']).default('MAX'),
  pad: cellsSchema.optional(),
  pad_h: cellsSchema.optional(),
  pad_w: cellsSchema.optional(),
  kernel_size: extentSchema.optional(),
  kernel_h: extentSchema.optional(),
  kernel_w: extentSchema.optional(),
  stride: extentSchema.optional(),
  stride_h: extentSchema.optional(),
  stride_w: extentSchema.optional(),
  global_pooling: z.boolean().default(false),
  round_mode: enumSchema(['CEIL', 'FLOOR']).default('CEIL'),
  engine: ignoredSchema,
});

type Pooling = z.output<typeof poolingSchema>;

/** What Caffe states of windows: the padding, which also divides averages, is the same on opposite sides. */
interface Windows {
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly pad: Pair;
}

/** Maximum and mean over windows, with the overhang that Caffe's rounding makes. */
export const POOLING_READERS: Readonly<Record<string, LayerReader>> = {
  Pooling: reader('pooling_param', poolingSchema, ({ name, config }, inputs, building) => {
    const { index, shape } = imageInput(inputs, building);
    const { pool } = config;
    if (pool === 'STOCHASTIC') throw new ImportFault('pool: STOCHASTIC is not supported, as its result is random');
    const [, height = 0, width = 0] = shape;
    const windows = windowsOf(config, [height, width]);
    const { kernel, stride, pad } = windows;
    const after = [0, 1].map((axis) => paddingAfter([height, width], windows, config.round_mode, axis as 0 | 1));
    const padding: Padding = [pad[0], pad[1], after[0] ?? 0, after[1] ?? 0];
    const place = { name, inputs: [index], kernel, stride, padding };
    if (pool === 'MAX') return building.draft.add({ type: 'maxPool2d', ...place });
    const counted: Padding = [pad[0], pad[1], Math.min(pad[0], padding[2]), Math.min(pad[1], padding[3])];
    return building.draft.add({ type: 'avgPool2d', ...place, counted });
  }),
};

function windowsOf(config: Pooling, sides: Pair): Windows {
  const pair = (what: 'kernel' | 'stride' | 'pad', fallback: number | null, rest: number | null): Pair => {
    const both = what === 'kernel' ? config.kernel_size : config[what];
    const list = both === undefined ? [] : [both];
    return pairOf(what, { list, h: config[`${what}_h`], w: config[`${what}_w`] }, fallback, rest);
  };
  const [stride, pad] = [pair('stride', 1, null), pair('pad', 0, 0)];
  if (!config.global_pooling) {
    const kernel = pair('kernel', null, null);
    if (pad[0] >= kernel[0] || pad[1] >= kernel[1]) {
      throw new ImportFault(`pads [${pad.join(', ')}] cells for windows of [${kernel.join(', ')}]; pad must be less`);
    }
    return { kernel, stride, pad };
  }
  if ([config.kernel_size, config.kernel_h, config.kernel_w].some((side) => side !== undefined)) {
    throw new ImportFault('states a kernel together with global_pooling');
  }
  if ([...stride, ...pad].some((cells, i) => cells !== (i < 2 ? 1 : 0))) {
    throw new ImportFault('global_pooling needs stride 1 and pad 0');
  }
  return { kernel: sides, stride, pad };
}

/**
 * Cells beyond the border that windows read behind it, so that Caffe's number of them fits: ceil or floor of
 * (size + 2 pad − kernel) / stride, plus 1; where anything is padded, a last window that would start behind the image is
 * left out.
 */
function paddingAfter(sides: Pair, { kernel, stride, pad }: Windows, mode: 'CEIL' | 'FLOOR', axis: 0 | 1): number {
  const [size, reach, step, before] = [sides[axis], kernel[axis], stride[axis], pad[axis]];
  const round = mode === 'CEIL' ? Math.ceil : Math.floor;
  const steps = round((size + 2 * before - reach) / step);
  const padded = pad[0] > 0 || pad[1] > 0;
  const last = padded && steps * step >= size + before ? steps - 1 : steps;
  return Math.max(0, last * step + reach - size - before);
}
