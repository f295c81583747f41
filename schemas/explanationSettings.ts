import { z } from 'zod';
import { faultAt } from './errors.ts';
import { explainJsonSchema, parseOptions } from './explain.ts';
import { jsonPointer, parseOrRefuse } from './faults.ts';
import type { MethodName } from './methods.ts';
import type { Target } from './target.ts';

const { method, options, target, layer } = explainJsonSchema.shape;

/** What is to be explained and how, in protocols that know only pairs of keys and values. */
export const explanationSettingsSchema = z
  .object({ method, options, target, layer })
  .catchall(z.unknown())
  .describe('method, target and layer as in POST /explain; all other keys are options of the method');

/** Settings with the defaults of their method. */
export interface ExplanationSettings {
  readonly method: MethodName;
  readonly options: Readonly<Record<string, unknown>>;
  readonly target: Target;
  readonly layer?: string | undefined;
}

/**
 * Reads the settings of an explanation: options of the method may stand in `options` or beside it.
 * @param at where the settings lie in the request
 * @throws ElucidError `invalid` that names every fault, or an option that is given twice
 */
export function parseExplanationSettings(
  given: Readonly<Record<string, unknown>>,
  at: readonly string[] = [],
): ExplanationSettings {
  const { method, options, target, layer, ...beside } = parseOrRefuse(explanationSettingsSchema, given, at);
  const twice = Object.keys(beside).find((name) => name in options);
  if (twice !== undefined) {
    const pointer = jsonPointer([...at, twice]);
    throw faultAt('invalid', pointer, `received ${twice} in options and beside it; allowed is one`);
  }
  const place = Object.keys(beside).length === 0 ? [...at, 'options'] : at;
  return { method, options: parseOptions(method, { ...options, ...beside }, place), target, layer };
}
