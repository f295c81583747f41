import { ImportFault } from '../../faults.ts';
import { affine } from './affine.ts';
import type { GraphBuilding, Operation } from './operation.ts';
import type { Computed } from './values.ts';
import { computedInput, constantInput, type GraphValue } from './values.ts';

/** y = scale (x − mean) / √(variance + ε) + offset for each channel. */
const batchNormalization: Operation = ({ name, attributes }, inputs, building) => {
  if (attributes.flag('is_training')) throw new ImportFault('normalises by the batch (is_training)');
  const value = computedInput(inputs, 0);
  const channelsFirst = attributes.text('data_format', 'NHWC') === 'NCHW';
  return normalised(name, value, inputs.slice(1, 5), attributes.number('epsilon', 1e-4), channelsFirst, building);
};

/** Inputs: scale, offset, mean, variance. */
export function normalised(
  name: string,
  value: Computed,
  inputs: readonly GraphValue[],
  epsilon: number,
  channelsFirst: boolean,
  building: GraphBuilding,
): Computed {
  const [gamma, beta, mean, variance] = [0, 1, 2, 3].map((place) => constantInput(inputs, place).data);
  const [channels = 0] = constantInput(inputs, 0).shape;
  const behind = channelsFirst ? value.axes.length - 1 : 0;
  const shape = [channels, ...Array.from({ length: behind }, () => 1)];
  const scale = (c: number) => (gamma?.[c] ?? Number.NaN) / Math.sqrt((variance?.[c] ?? Number.NaN) + epsilon);
  const offset = (c: number) => (beta?.[c] ?? Number.NaN) - (mean?.[c] ?? Number.NaN) * scale(c);
  return affine(name, value, { shape, scale, offset }, building);
}

export const NORMALISATIONS: Readonly<Record<string, Operation>> = {
  FusedBatchNorm: batchNormalization,
  FusedBatchNormV2: batchNormalization,
  FusedBatchNormV3: batchNormalization,
};
