import { parameterCount } from '../../models/cost.ts';
import type { Network } from '../../models/network.ts';
import { sizeOf } from '../../models/tensors/tensor.ts';

/** Smallest estimate of what keeping a compiled explanation costs. */
const LEAST_BYTES = 1 << 20;

/**
 * Memory that an engine keeps of a run, as a multiple of the values of the forward pass: those, the relevance that flows
 * back, and what each layer needs in between. CaffeNet (6.3 MB of values a row) keeps 3 to 7 times as much, by method and batch.
 */
const PER_ACTIVATION = 5;

/** What the estimate needs to know of a network. */
export interface NetworkSize {
  /** Of all weights. */
  readonly weightBytes: number;
  /** Of the values of all layers, for one row. */
  readonly activationBytes: number;
}

export function networkSize({ inputShape, layers }: Network): NetworkSize {
  const activations = layers.reduce((sum, layer) => sum + sizeOf(layer.shape), sizeOf(inputShape));
  const parameters = layers.reduce((sum, layer) => sum + parameterCount(layer), 0);
  const bytes = Float32Array.BYTES_PER_ELEMENT;
  return { weightBytes: parameters * bytes, activationBytes: activations * bytes };
}

/**
 * Estimated memory of a compiled explanation, in bytes: engines keep what their largest batch took, and a copy of the
 * weights where they do not map them.
 * @param rows of the largest batch
 */
export function executableBytes({ weightBytes, activationBytes }: NetworkSize, rows: number, mapped: boolean): number {
  return Math.ceil(LEAST_BYTES + (mapped ? 0 : weightBytes) + PER_ACTIVATION * activationBytes * rows);
}
