import { z } from 'zod';
import { Composite } from './rules.ts';

const start = z
  .enum(['score', 'one'])
  .default('score')
  .describe('Relevance put in at the target: its score, or 1 (times its weight, for weighted targets)');

/** Options of every explanation method, by the method's name. Unknown keys are refused. */
export const METHOD_OPTIONS = {
  'deep-taylor': z.strictObject({
    start,
    stabiliser: z.number().min(1e-30).max(1e30).default(1e-6).describe('ε of every denominator'),
  }),
  sensitivity: z.strictObject({}),
  gradient: z.strictObject({}),
  'gradient-times-input': z.strictObject({}),
  lrp: z.strictObject({
    composite: Composite.default('epsilon-plus').describe('A preset, or a list of {match, rule}; first match wins'),
    start,
  }),
} as const;

export type MethodName = keyof typeof METHOD_OPTIONS;
export type MethodOptions<Name extends MethodName> = z.infer<(typeof METHOD_OPTIONS)[Name]>;

export const METHOD_NAMES = Object.keys(METHOD_OPTIONS) as readonly MethodName[];

export const DEFAULT_METHOD: MethodName = 'deep-taylor';
