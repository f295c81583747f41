import { ImportFault } from '../../faults.ts';
import { fitsInput, inputValue, type OpenShape } from '../input.ts';
import type { GraphNode } from './graphDef.ts';
import type { GraphBuilding } from './operation.ts';
import type { Signature } from './outputs.ts';
import { type Computed, computedValue } from './values.ts';

/**
 * Whether the model takes images as [H, W, C]: what fits the manifest's shape; where both do, what its nodes say.
 * @throws ImportFault when the shape of the input is not known.
 */
export function takesChannelsLast(
  node: GraphNode,
  nodes: readonly GraphNode[],
  signature: Signature,
  stated: readonly number[],
): boolean {
  const declared = declaredShape(node, signature);
  const preferred = !nodes.some(({ attributes }) => attributes.text('data_format', '') === 'NCHW');
  const signals = isSignal(declared, stated);
  const fits = (channelsLast: boolean) => fitsInput(stated, declared, { channelsLast, signals });
  return fits(preferred) || !fits(!preferred) ? preferred : !preferred;
}

/**
 * The network's input, as the Placeholder declares it.
 * @throws ElucidError `model-failed` when the manifest's shape is another one.
 */
export function entranceValue(node: GraphNode, signature: Signature, building: GraphBuilding): Computed {
  const type = node.attributes.type('dtype');
  if (type !== null && type !== 'DT_FLOAT')
    throw new ImportFault(`takes values of the type ${type}; only DT_FLOAT is supported`);
  const { draft, channelsLast } = building;
  const declared = declaredShape(node, signature);
  const signals = isSignal(declared, draft.inputShape);
  const value = inputValue(declared, { draft, channelsLast, signals });
  return computedValue(value.index, value.shape, placesOf(value.shape.length, value.signal, channelsLast));
}

/** For each of TensorFlow's axes behind the batch: ours. */
function placesOf(rank: number, signal: boolean, channelsLast: boolean): readonly number[] {
  if (signal) return channelsLast ? [2, 0] : [0, 2];
  if (rank === 3 && channelsLast) return [1, 2, 0];
  return Array.from({ length: rank }, (_, axis) => axis);
}

/** A value of two axes is a signal unless the manifest calls it a gray picture. */
function isSignal(declared: OpenShape, stated: readonly number[]): boolean {
  return declared.length === 2 && stated.length !== 3;
}

function declaredShape({ name, attributes }: GraphNode, { inputShapes }: Signature): OpenShape {
  const shape = attributes.shape('shape') ?? inputShapes.get(name) ?? null;
  const [batch, ...sides] = shape ?? [];
  if (shape === null || sides.length < 1 || sides.length > 3) throw new ImportFault('states no shape of the input');
  if (batch !== 1 && batch !== -1) throw new ImportFault(`takes batches of ${batch}; only 1 or any are supported`);
  return sides.map((side) => (side < 1 ? null : side));
}
