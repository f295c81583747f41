import { z } from 'zod';
import type { DraftBuilder } from '../canonical/draft.ts';
import { ImportFault } from '../faults.ts';
import { firstIssue } from './topology.ts';
import type { KerasValue } from './values.ts';
import type { LayerWeights } from './weights.ts';

/** What the readers of single layers work on. */
export interface Building {
  readonly draft: DraftBuilder;
  readonly weights: LayerWeights;
  /** Whether images are [H, W, C] in this model, as is usual, and not [C, H, W]. */
  readonly channelsLast: boolean;
  /** Whether values of two axes are signals in this model, as they are where a layer slides along steps. */
  readonly signals: boolean;
  /** Whether every layer that gets the flattened image can be given it in our order. */
  absorbsOrder(flatten: string): boolean;
}

/** Builds one layer: its output as a value. @throws ImportFault */
export type Build = (inputs: readonly KerasValue[], building: Building) => KerasValue;

/** Reads a layer's configuration. @throws ImportFault when it holds what is not supported. */
export type LayerReader = (name: string, config: unknown) => Build;

/** A reader for a layer whose configuration has the given form. */
export function reader<C>(
  schema: z.ZodType<C>,
  build: (layer: { readonly name: string; readonly config: C }, ...rest: Parameters<Build>) => KerasValue,
): LayerReader {
  return (name, config) => {
    const result = schema.safeParse(config);
    if (!result.success) throw new ImportFault(firstIssue(result.error));
    return (inputs, building) => build({ name, config: result.data }, inputs, building);
  };
}

const MAX_SIDE = 1 << 16;
const extent = z.int().min(1).max(MAX_SIDE);

/** One number for both sides, or [vertical, horizontal]. */
export const pairSchema = z
  .union([extent, z.tuple([extent, extent])])
  .transform((pair): readonly [number, number] => (typeof pair === 'number' ? [pair, pair] : pair));

/** One number, or a list of one: the extent along the steps of a signal, which is one row here. */
export const stepsSchema = z
  .union([extent, z.tuple([extent]).transform(([steps]) => steps)])
  .transform((steps): readonly [number, number] => [1, steps]);

/** Number of cells of zero padding. */
export const cellsSchema = z.int().min(0).max(MAX_SIDE);

/** A number of units, filters or groups. */
export const countSchema = z.int().min(1);

export const useBiasSchema = z.boolean().default(true);
