import { z } from 'zod';
import { ImportFault } from '../faults.ts';
import { type Building, type LayerReader, reader } from './reader.ts';
import { type KerasValue, onlyInput, plainValue, requirePlain } from './values.ts';

const anything = z.unknown();

/** A sum with the given coefficients; null are ones. */
function sum(coefficients: (count: number) => readonly number[] | null): LayerReader {
  return reader(anything, ({ name }, inputs, { draft }) => {
    if (inputs.length < 2) throw new ImportFault(`takes two inputs or more, got ${inputs.length}`);
    requirePlain(inputs);
    const indices = inputs.map(({ index }) => index);
    const index = draft.add({ type: 'add', name, inputs: indices, coefficients: coefficients(inputs.length) });
    return plainValue(index, draft.shapeOf(index));
  });
}

/** A layer that only matters in training. */
const dropped: LayerReader = reader(anything, (_, inputs) => onlyInput(inputs));

export const MERGING_READERS: Readonly<Record<string, LayerReader>> = {
  Add: sum(() => null),
  Subtract: sum(() => [1, -1]),
  Average: sum((count) => Array.from({ length: count }, () => 1 / count)),
  Concatenate: reader(z.object({ axis: z.int().default(-1) }), ({ name, config }, inputs, building) => {
    const axis = axisOf(config.axis, inputs, building);
    const indices = inputs.map(({ index }) => index);
    const index = building.draft.add({ type: 'concat', name, inputs: indices, axis });
    const shape = building.draft.shapeOf(index);
    return { index, shape, blocks: shape.length === 1 ? inputs.flatMap(({ blocks }) => blocks) : [] };
  }),
  Dropout: dropped,
  SpatialDropout2D: dropped,
  AlphaDropout: dropped,
  GaussianDropout: dropped,
  GaussianNoise: dropped,
  ActivityRegularization: dropped,
};

/** Our axis (0 is the first after the batch) of Keras' (which counts the batch, and has channels last). */
function axisOf(axis: number, inputs: readonly KerasValue[], { channelsLast }: Building): number {
  const rank = inputs[0]?.shape.length ?? 0;
  const positive = (axis < 0 ? axis + rank + 1 : axis) - 1;
  if (positive < 0 || positive >= rank) throw new ImportFault(`axis ${axis} of values of rank ${rank}`);
  return rank === 3 && channelsLast ? (positive + 1) % 3 : positive;
}
