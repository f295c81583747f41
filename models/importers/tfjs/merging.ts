import { z } from 'zod';
import { ImportFault } from '../faults.ts';
import { type LayerReader, reader } from './reader.ts';
import { axisOf, derivedValue, type KerasValue, onlyInput, requirePlain } from './values.ts';

const anything = z.unknown();

/** A sum with the given coefficients; null are ones. */
function sum(coefficients: (count: number) => readonly number[] | null): LayerReader {
  return reader(anything, ({ name }, inputs, { draft }) => {
    if (inputs.length < 2) throw new ImportFault(`takes two inputs or more, got ${inputs.length}`);
    requirePlain(inputs);
    const first = firstOfAKind(inputs);
    const indices = inputs.map(({ index }) => index);
    const index = draft.add({ type: 'add', name, inputs: indices, coefficients: coefficients(inputs.length) });
    return derivedValue(first, index, draft.shapeOf(index));
  });
}

/** The first of several inputs that are all images, all signals or all vectors. */
function firstOfAKind(inputs: readonly KerasValue[]): KerasValue {
  const [first, ...others] = inputs;
  if (first === undefined) throw new ImportFault('takes one input or more, got 0');
  if (others.some(({ signal }) => signal !== first.signal)) throw new ImportFault('joins a signal and another shape');
  return first;
}

/** A layer that only matters in training. */
const dropped: LayerReader = reader(anything, (_, inputs) => onlyInput(inputs));

export const MERGING_READERS: Readonly<Record<string, LayerReader>> = {
  Add: sum(() => null),
  Subtract: sum(() => [1, -1]),
  Average: sum((count) => Array.from({ length: count }, () => 1 / count)),
  Concatenate: reader(z.object({ axis: z.int().default(-1) }), ({ name, config }, inputs, building) => {
    const first = firstOfAKind(inputs);
    const axis = axisOf(config.axis, first, building.channelsLast);
    const indices = inputs.map(({ index }) => index);
    const index = building.draft.add({ type: 'concat', name, inputs: indices, axis });
    const shape = building.draft.shapeOf(index);
    return { ...derivedValue(first, index, shape), blocks: inputs.flatMap(({ blocks }) => blocks) };
  }),
  Dropout: dropped,
  SpatialDropout1D: dropped,
  SpatialDropout2D: dropped,
  AlphaDropout: dropped,
  GaussianDropout: dropped,
  GaussianNoise: dropped,
  ActivityRegularization: dropped,
};
