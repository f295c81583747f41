import { allFinite } from '../../tensors/finite.ts';
import { ImportFault } from '../faults.ts';
import { type Building, computedAt, constantAt, type NodeReader, type OnnxNode, reading, vectorOf } from './node.ts';
import type { Computed } from './values.ts';
import { sidesOf } from './windows.ts';

/** y = γ (x − mean) / √(variance + ε) + β per channel: an affine layer. */
function batchNormalization(node: OnnxNode, { layers }: Building): Computed {
  const { name, attributes } = node;
  const input = computedAt(node, 0);
  attributes.ignore('momentum', 'is_test', 'consumed_inputs');
  const epsilon = attributes.float('epsilon') ?? 1e-5;
  if (attributes.int('training_mode') === 1) throw new ImportFault('is exported for training (training_mode)');
  if (attributes.int('spatial') === 0) throw new ImportFault('normalises every place for itself (spatial 0)');
  const [channels = 1] = input.shape;
  const parameter = (position: number, role: string) => vectorOf(constantAt(node, position, role), channels, role).data;
  const [gamma, beta] = [parameter(1, 'scale'), parameter(2, 'bias')];
  const [mean, variance] = [parameter(3, 'mean'), parameter(4, 'variance')];
  const scale = gamma.map((factor, c) => factor / Math.sqrt((variance[c] ?? 0) + epsilon));
  const offset = beta.map(
    (shift, c) => shift - ((mean[c] ?? 0) * (gamma[c] ?? 0)) / Math.sqrt((variance[c] ?? 0) + epsilon),
  );
  if (![scale, offset].every(allFinite)) {
    throw new ImportFault('its variance and epsilon give a factor that is not finite');
  }
  return layers.affine(0, name, input, { scale, offset });
}

/** Local response normalisation across channels. */
function localResponse(node: OnnxNode, { layers }: Building): Computed {
  const { name, attributes } = node;
  const input = computedAt(node, 0);
  sidesOf(input);
  const size = attributes.int('size') ?? 0;
  if (!(size >= 1 && size <= 1 << 16 && size % 2 === 1)) {
    throw new ImportFault(`its size ${size} must be odd, from 1 to ${(1 << 16) - 1}`);
  }
  const alpha = attributes.float('alpha') ?? 1e-4;
  const beta = attributes.float('beta') ?? 0.75;
  const k = attributes.float('bias') ?? 1;
  const layer = { type: 'lrn', name, inputs: [input.index], region: 'across', size, alpha, beta, k } as const;
  return { ...input, index: layers.add(layer) };
}

export const NORMALISATION_READERS: Readonly<Record<string, NodeReader>> = {
  BatchNormalization: reading(batchNormalization),
  LRN: reading(localResponse),
};
