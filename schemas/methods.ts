import { z } from 'zod';
import { Composite } from './rules.ts';

const start = z
  .enum(['score', 'one'])
  .default('score')
  .describe('Relevance put in at the target: its score, or 1 (times its weight, for weighted targets)');

const perChannelOrMean = (description: string) =>
  z
    .union([z.number(), z.array(z.number()).min(1).max(4096), z.literal('mean')])
    .default(0)
    .describe(`${description}: a number, one per channel, or "mean", the mean of the model's class means`);

const extent = z.int().min(1).max(4096);
const extents = z.union([extent, z.tuple([extent, extent])]);

/** Options of every explanation method, by the method's name. Unknown keys are refused. */
export const METHOD_OPTIONS = {
  'deep-taylor': z.strictObject({
    start,
    stabiliser: z.number().min(1e-30).max(1e30).default(1e-6).describe('ε of every denominator'),
  }),
  sensitivity: z.strictObject({}),
  gradient: z.strictObject({}),
  'gradient-times-input': z.strictObject({}),
  taylor: z.strictObject({
    root: z
      .enum(['zero', 'line'])
      .default('zero')
      .describe(
        'zero: the root x̃ = 0, gradient taken at x in the limit; line: the nearest zero of f down (or up) the gradient, every variable held in the box',
      ),
  }),
  'integrated-gradients': z.strictObject({
    baseline: perChannelOrMean('Where the path begins'),
    steps: z.int().min(1).max(1024).default(32).describe('Intervals of the path'),
    quadrature: z
      .enum(['right-riemann', 'trapezoid', 'gauss-legendre'])
      .default('right-riemann')
      .describe('How gradients along the path are weighted'),
  }),
  smoothgrad: z.strictObject({
    n: z.int().min(1).max(1024).default(20).describe('Noisy copies of the input'),
    sigma: z
      .number()
      .gt(0)
      .max(10)
      .default(0.1)
      .describe('Standard deviation of the noise, relative to max(x) − min(x)'),
    seed: z
      .int()
      .min(0)
      .max(2 ** 32 - 1)
      .default(0)
      .describe('Same seed, same noise'),
    of: z.enum(['gradient', 'squared-gradient']).default('gradient').describe('What is averaged'),
  }),
  'guided-backprop': z.strictObject({}),
  deconvnet: z.strictObject({}),
  occlusion: z.strictObject({
    window: extents
      .optional()
      .describe('Side of the hidden window, or [height, width]; default: about a seventh of the input'),
    stride: extents.optional().describe('Step between windows, or [down, right]; default: half a window'),
    fill: perChannelOrMean('What hides the window'),
  }),
  lrp: z.strictObject({
    composite: Composite.default('epsilon-plus').describe('A preset, or a list of {match, rule}; first match wins'),
    start,
  }),
} as const;

export type MethodName = keyof typeof METHOD_OPTIONS;
export type MethodOptions<Name extends MethodName> = z.infer<(typeof METHOD_OPTIONS)[Name]>;

export const METHOD_NAMES = Object.keys(METHOD_OPTIONS) as readonly MethodName[];

export const DEFAULT_METHOD: MethodName = 'deep-taylor';
