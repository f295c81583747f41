import { z } from 'zod';
import { allFinite } from '../../tensors/finite.ts';
import { arrayTensor } from '../../tensors/tensor.ts';
import { ImportFault } from '../faults.ts';
import { type Building, type LayerReader, reader } from './reader.ts';
import { axisOf, type KerasValue, kerasRank, onlyInput, placesOf } from './values.ts';

const batchNormalization = z.object({
  axis: z.union([z.int(), z.tuple([z.int()]).transform(([axis]) => axis)]).default(-1),
  epsilon: z.number().nonnegative().default(1e-3),
  center: z.boolean().default(true),
  scale: z.boolean().default(true),
});

type BatchNormalization = z.output<typeof batchNormalization>;

const rescaling = z.object({ scale: z.number(), offset: z.number().default(0) });

/** Batch normalisation, y = γ (x − mean) / √(variance + ε) + β per channel, and y = scale x + offset: affine layers. */
export const NORMALISATION_READERS: Readonly<Record<string, LayerReader>> = {
  BatchNormalization: reader(batchNormalization, ({ name, config }, inputs, building) => {
    const input = onlyInput(inputs);
    checkAxis(config.axis, input, building);
    const { scale, offset } = channelMap(name, config, input, building);
    const index = building.draft.add({ type: 'affine', name, inputs: [input.index], scale, offset });
    return { ...input, index };
  }),
  Rescaling: reader(rescaling, ({ name, config }, inputs, building) => {
    const input = onlyInput(inputs);
    const [channels = 0] = input.shape;
    const all = (value: number) => arrayTensor([channels], new Float32Array(channels).fill(value));
    const [scale, offset] = [all(config.scale), all(config.offset)];
    return { ...input, index: building.draft.add({ type: 'affine', name, inputs: [input.index], scale, offset }) };
  }),
};

function checkAxis(axis: number, input: KerasValue, { channelsLast }: Building): void {
  if (input.shape.length !== 2 && axisOf(axis, input, channelsLast) === 0) return;
  throw new ImportFault(`normalises axis ${axis} of a value of rank ${kerasRank(input)}; only channels are supported`);
}

function channelMap(name: string, config: BatchNormalization, input: KerasValue, { weights }: Building) {
  const [channels = 0] = input.shape;
  const read = (parameter: string) => weights.read(name, parameter, [channels]);
  const mean = read('moving_mean');
  const variance = read('moving_variance');
  const gamma = config.scale ? read('gamma') : null;
  const beta = config.center ? read('beta') : null;
  const scale = new Float32Array(channels);
  const offset = new Float32Array(channels);
  const places = input.shape.length === 1 ? placesOf(input) : null;
  for (let c = 0; c < channels; c += 1) {
    const factor = (gamma?.[c] ?? 1) / Math.sqrt((variance[c] ?? 0) + config.epsilon);
    const place = places?.[c] ?? c;
    scale[place] = factor;
    offset[place] = (beta?.[c] ?? 0) - (mean[c] ?? 0) * factor;
  }
  if (![scale, offset].every(allFinite)) {
    throw new ImportFault('its variance and epsilon give a factor that is not finite');
  }
  return { scale: arrayTensor([channels], scale), offset: arrayTensor([channels], offset) };
}
