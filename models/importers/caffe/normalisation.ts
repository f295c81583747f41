import { z } from 'zod';
import { allFinite } from '../../tensors/finite.ts';
import { arrayTensor, type Shape } from '../../tensors/tensor.ts';
import { ImportFault } from '../faults.ts';
import { biasFillerSchema } from './parameters.ts';
import {
  axisOf,
  type Building,
  countSchema,
  enumSchema,
  ignoredSchema,
  type LayerReader,
  onlyInput,
  reader,
} from './reader.ts';
import { imageInput } from './windows.ts';

const lrnSchema = z.strictObject({
  local_size: countSchema.default(5),
  alpha: z.number().default(1),
  beta: z.number().default(0.75),
  norm_region: enumSchema(['ACROSS_CHANNELS', 'WITHIN_CHANNEL']).default('ACROSS_CHANNELS'),
  k: z.number().default(1),
  engine: ignoredSchema,
});

const batchNormSchema = z.strictObject({
  use_global_stats: z.boolean().default(true),
  moving_average_fraction: ignoredSchema,
  eps: z.number().nonnegative().default(1e-5),
});

const scaleSchema = z.strictObject({
  axis: z.int().default(1),
  num_axes: z.int().min(-1).default(1),
  filler: ignoredSchema,
  bias_term: z.boolean().default(false),
  bias_filler: biasFillerSchema,
});

const biasSchema = z.strictObject({
  axis: z.int().default(1),
  num_axes: z.int().min(-1).default(1),
  filler: biasFillerSchema,
});

export const NORMALISATION_READERS: Readonly<Record<string, LayerReader>> = {
  /** y = x s^−β with s = k + α/n Σ x² across channels, 1 + α/n² Σ x² within a channel (Caffe uses no k there). */
  LRN: reader('lrn_param', lrnSchema, ({ name, config }, inputs, building) => {
    const { index } = imageInput(inputs, building);
    const { local_size: size, alpha, beta, k } = config;
    if (size % 2 === 0) throw new ImportFault(`local_size ${size} is not allowed; it must be odd`);
    const region = config.norm_region === 'ACROSS_CHANNELS' ? 'across' : 'within';
    return building.draft.add({ type: 'lrn', name, inputs: [index], region, size, alpha, beta, k });
  }),
  /** y = (x − mean) / √(variance + eps), both blobs divided by the third, the weight of the moving average. */
  BatchNorm: reader('batch_norm_param', batchNormSchema, ({ name, config }, inputs, building) => {
    const input = onlyInput(inputs);
    if (!config.use_global_stats)
      throw new ImportFault('use_global_stats: false depends on the other items of a batch');
    const [channels = 0] = building.draft.shapeOf(input);
    const wanted = [0, 1, 1].map((initial, i) => ({ shape: i < 2 ? [channels] : [1], initial }));
    const [mean = EMPTY, variance = EMPTY, [weight = 0] = EMPTY] = building.parameters.read(name, wanted);
    const factor = weight === 0 ? 0 : 1 / weight;
    const scale = variance.map((value) => 1 / Math.sqrt(value * factor + config.eps));
    const offset = mean.map((value, c) => -value * factor * (scale[c] ?? 0));
    if (!allFinite(scale) || !allFinite(offset)) {
      throw new ImportFault('its variance and eps give a factor that is not finite');
    }
    return affine(name, input, { scale, offset }, building);
  }),
  Scale: reader('scale_param', scaleSchema, ({ name, config }, inputs, building) => {
    const input = onlyFactor(inputs);
    const shape = channelShape(config, building.draft.shapeOf(input));
    const wanted = [1, config.bias_filler].map((initial) => ({ shape, initial }));
    const [scale, bias] = building.parameters.read(name, config.bias_term ? wanted : wanted.slice(0, 1));
    return affine(name, input, { scale, offset: bias }, building);
  }),
  Bias: reader('bias_param', biasSchema, ({ name, config }, inputs, building) => {
    const input = onlyFactor(inputs);
    const shape = channelShape(config, building.draft.shapeOf(input));
    const [offset] = building.parameters.read(name, [{ shape, initial: config.filler }]);
    return affine(name, input, { offset }, building);
  }),
};

const EMPTY = new Float32Array();

function onlyFactor(inputs: readonly number[]): number {
  if (inputs.length > 1)
    throw new ImportFault('reads its factors from a second bottom; only learnt ones are supported');
  return onlyInput(inputs);
}

/** Shape of the blob of a Scale or Bias layer: one value per channel, or one for all. */
function channelShape({ axis, num_axes: axes }: { axis: number; num_axes: number }, shape: Shape): Shape {
  if (axes === 0) return [];
  const covered = axes === -1 ? shape.length - axisOf(axis, shape.length) : axes;
  if (axisOf(axis, shape.length) === 0 && covered === 1) return shape.slice(0, 1);
  throw new ImportFault(
    `axis ${axis} with num_axes ${axes} over [${shape.join(', ')}] is not supported, only one value per channel or for all`,
  );
}

interface ChannelMap {
  readonly scale?: Float32Array | undefined;
  readonly offset?: Float32Array | undefined;
}

/** x ↦ scale x + offset, by 1 and 0 where one is left out; a single value is that of all channels. */
function affine(name: string, input: number, map: ChannelMap, { draft }: Building): number {
  const [channels = 0] = draft.shapeOf(input);
  const perChannel = (values: Float32Array | undefined, otherwise: number) => {
    const spread = new Float32Array(channels).fill(values?.[0] ?? otherwise);
    if (values?.length === channels) spread.set(values);
    return arrayTensor([channels], spread);
  };
  const [scale, offset] = [perChannel(map.scale, 1), perChannel(map.offset, 0)];
  return draft.add({ type: 'affine', name, inputs: [input], scale, offset });
}
