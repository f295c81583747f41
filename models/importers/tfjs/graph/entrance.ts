import type { DraftBuilder } from '../../canonical/draft.ts';
import { ImportFault } from '../../faults.ts';
import { fitsInput, inputValue, type OpenShape } from '../input.ts';
import type { GraphNode } from './graphDef.ts';
import type { Signature } from './outputs.ts';
import { type Computed, computedValue } from './values.ts';

/** How images or signals come into a graph. */
export interface Entrance {
  readonly declared: OpenShape;
  /** Whether the model takes images as [H, W, C], and signals as [L, C]. */
  readonly channelsLast: boolean;
  readonly signals: boolean;
}

/**
 * Reads the Placeholder of a graph. Its channels are last or first as fits the manifest's shape; where both fit, as
 * `channelsLast` says.
 * @throws ImportFault when it states no shape, or takes other values than float32.
 */
export function entranceOf(
  { name, attributes }: GraphNode,
  { inputShapes }: Signature,
  stated: readonly number[],
  channelsLast: boolean,
): Entrance {
  const type = attributes.type('dtype');
  if (type !== null && type !== 'DT_FLOAT') {
    throw new ImportFault(`takes values of the type ${type}; only DT_FLOAT is supported`);
  }
  const [batch, ...sides] = attributes.shape('shape') ?? inputShapes.get(name) ?? [];
  if (sides.length < 1 || sides.length > 3) throw new ImportFault('states no shape of a vector, a signal or an image');
  if (batch !== 1 && batch !== -1) throw new ImportFault(`takes batches of ${batch}; only 1 or any are supported`);
  const declared = sides.map((side) => (side < 1 ? null : side));
  const signals = declared.length === 2 && stated.length !== 3;
  const fits = (last: boolean) => fitsInput(stated, declared, { channelsLast: last, signals });
  return { declared, signals, channelsLast: fits(channelsLast) || !fits(!channelsLast) ? channelsLast : !channelsLast };
}

/**
 * The network's input as the graph takes it.
 * @throws ElucidError `model-failed` when the manifest's shape is another one.
 */
export function entranceValue({ declared, ...entrance }: Entrance, draft: DraftBuilder): Computed {
  const { index, shape, signal } = inputValue(declared, { draft, ...entrance });
  return computedValue(index, shape, placesOf(shape.length, signal, entrance.channelsLast));
}

/** For each of TensorFlow's axes behind the batch: ours. */
function placesOf(rank: number, signal: boolean, channelsLast: boolean): readonly number[] {
  if (signal) return channelsLast ? [2, 0] : [0, 2];
  if (rank === 3 && channelsLast) return [1, 2, 0];
  return Array.from({ length: rank }, (_, axis) => axis);
}
