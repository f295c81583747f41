import { z } from 'zod';
import type { DraftBuilder } from '../canonical/draft.ts';
import { ImportFault } from '../faults.ts';
import type { CaffeLayer } from './net.ts';
import type { ParameterSource } from './parameters.ts';

/** What the readers of single layers work on. Values are indices in the draft, without the batch axis. */
export interface Building {
  readonly draft: DraftBuilder;
  readonly parameters: ParameterSource;
  /** The batch that the net declares for its input; null when it states none. */
  readonly batch: number | null;
}

/** Builds one layer: what its bottoms are → what its tops are. @throws ImportFault */
export type Build = (inputs: readonly number[], building: Building) => readonly number[];

/** Reads a layer's parameters. @throws ImportFault when they hold what is not supported. */
export type LayerReader = (layer: CaffeLayer) => Build;

/** A layer as its reader sees it: with its parameters read. */
export interface ReadLayer<C> {
  readonly name: string;
  readonly tops: readonly string[];
  readonly config: C;
}

/**
 * A reader for a layer with one top whose parameters are the message `field`. Fields that the schema does not name are
 * refused, as their meaning is not known.
 */
export function reader<C>(
  field: string,
  schema: z.ZodType<C>,
  build: (layer: ReadLayer<C>, inputs: readonly number[], building: Building) => number,
): LayerReader {
  return manyTopsReader(field, schema, (...given) => [build(...given)]);
}

/** The same for a layer with several tops. */
export function manyTopsReader<C>(
  field: string,
  schema: z.ZodType<C>,
  build: (layer: ReadLayer<C>, inputs: readonly number[], building: Building) => readonly number[],
): LayerReader {
  return ({ name, tops, parameters }) => {
    const config = parsedMessage(field, schema, Object.hasOwn(parameters, field) ? parameters[field] : {});
    return (inputs, building) => build({ name, tops, config }, inputs, building);
  };
}

/** A message of the given form. @throws ImportFault that names the first field that is not. */
export function parsedMessage<C>(field: string, schema: z.ZodType<C>, message: unknown): C {
  const result = schema.safeParse(message);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  if (issue?.code === 'unrecognized_keys') {
    throw new ImportFault(`${field}: the fields ${issue.keys.join(', ')} are not supported`);
  }
  throw new ImportFault(`${[field, ...(issue?.path ?? [])].join('.')}: ${issue?.message ?? 'is not valid'}`);
}

/** The only bottom of a layer. @throws ImportFault */
export function onlyInput(inputs: readonly number[]): number {
  const [input] = inputs;
  if (input === undefined || inputs.length > 1) throw new ImportFault(`takes one bottom, got ${inputs.length}`);
  return input;
}

const MAX_SIDE = 1 << 16;

/** A number of outputs or groups. */
export const countSchema = z.int().min(1);
/** A kernel's side, a stride or a dilation. */
export const extentSchema = z.int().min(1).max(MAX_SIDE);
/** Cells of padding. */
export const cellsSchema = z.int().min(0).max(MAX_SIDE);
/** A field that changes nothing here: which implementation runs, how training initialises. */
export const ignoredSchema = z.unknown().optional();

/** A field that may occur several times. */
export function listSchema<T>(element: z.ZodType<T>) {
  return z.union([z.array(element), element.transform((only): readonly T[] => [only])]).default([]);
}

/** An enumeration, by name or by number. */
export function enumSchema<const Names extends readonly [string, ...string[]]>(names: Names) {
  const byNumber = z
    .int()
    .refine((number) => Object.hasOwn(names, number))
    .transform((number): Names[number] => names[number] ?? names[0]);
  return z.union([z.enum(names), byNumber], { error: `must be one of ${names.join(', ')}` });
}

/**
 * Caffe's axis, which counts the batch as 0 and from the end where it is negative, as an axis without the batch.
 * @throws ImportFault for the batch axis and for axes that do not exist
 */
export function axisOf(axis: number, rank: number): number {
  const canonical = axis < 0 ? axis + rank + 1 : axis;
  if (canonical === 0) throw new ImportFault(`works along axis ${axis}, the batch, which is not supported`);
  if (canonical < 0 || canonical > rank) throw new ImportFault(`axis ${axis} of values with ${rank + 1} axes`);
  return canonical - 1;
}
