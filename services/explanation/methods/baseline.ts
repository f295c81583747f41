import type { Shape } from '../../../models/tensors/tensor.ts';
import { sizeOf } from '../../../models/tensors/tensor.ts';
import { faultAt } from '../../../schemas/errors.ts';
import type { Subject } from '../plan.ts';

/** A reference value of inputs: one number, one per channel, or the model's mean input. */
export type Baseline = number | readonly number[] | 'mean';

/**
 * The reference input, [...input shape].
 * @param option name of the option that holds it, for errors
 * @throws ElucidError `invalid` when the numbers do not fit the channels, or the model states no mean
 */
export function baselineInput(baseline: Baseline, { network, mean = null }: Subject, option: string): Float32Array {
  const { inputShape } = network;
  if (baseline === 'mean') {
    if (mean !== null) return mean;
    throw faultAt('invalid', `/options/${option}`, `${option} "mean" needs a model with class means; give a number`);
  }
  if (typeof baseline === 'number') return new Float32Array(sizeOf(inputShape)).fill(baseline);
  return perChannel(baseline, inputShape, option);
}

function perChannel(values: readonly number[], shape: Shape, option: string): Float32Array {
  const [channels = 0] = shape;
  if (values.length !== channels) {
    throw faultAt(
      'invalid',
      `/options/${option}`,
      `${option} must be a number, a list of ${channels} (one per channel) or "mean"; received a list of ${values.length}`,
    );
  }
  const block = sizeOf(shape) / channels;
  return Float32Array.from({ length: sizeOf(shape) }, (_, i) => values[Math.floor(i / block)] ?? 0);
}
