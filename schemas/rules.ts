import { z } from 'zod';

const bias = z
  .enum(['keep', 'zero'])
  .default('keep')
  .describe('keep: biases take their share of relevance in the denominator; zero: they are left out');

/** 0, or large enough that its reciprocal stays finite in float32. */
const small = z.union([z.literal(0), z.number().min(1e-30).max(1e30)]);

const stabiliser = small.default(1e-6).describe('ε of the denominator z + ε·sgn(z), sgn(0) = +1');

const boundary = z.union([z.number(), z.array(z.number()).min(1).max(4096)]);

export const EpsilonRule = z
  .strictObject({
    name: z.literal('epsilon'),
    epsilon: small.default(1e-6).describe('ε of the denominator; 0 gives LRP-0'),
    bias,
  })
  .describe('R_i = Σ_j x_i w_ij R_j / (z_j + ε·sgn(z_j)) (Bach 2015)');

export const ZPlusRule = z
  .strictObject({ name: z.literal('z-plus'), bias, stabiliser })
  .describe('Positive contributions only (Montavon 2017)');

export const AlphaBetaRule = z
  .strictObject({
    name: z.literal('alpha-beta'),
    alpha: z.number().min(0).max(1e6).default(2),
    beta: z.number().min(0).max(1e6).default(1),
    fallback: z.boolean().default(false).describe('α = 1, β = 0 at units without negative contributions'),
    bias,
    stabiliser,
  })
  .refine(({ alpha, beta }) => Math.abs(alpha - beta - 1) <= 1e-6 * Math.max(1, alpha), {
    message: 'alpha − beta must be 1',
    path: ['beta'],
  })
  .describe('α times the positive, −β times the negative contributions, each normalised; α − β = 1 (Bach 2015)');

export const GammaRule = z
  .strictObject({ name: z.literal('gamma'), gamma: z.number().min(0).max(1e6).default(0.25), bias, stabiliser })
  .describe('Favours contributions of the sign of z by the factor 1 + γ (Montavon 2019, Andéol 2021)');

export const ZBoxRule = z
  .strictObject({
    name: z.literal('z-box'),
    low: boundary.optional().describe("Smallest legal input, a number or one per channel; default: the manifest's box"),
    high: boundary.optional().describe("Largest legal input, a number or one per channel; default: the manifest's box"),
    stabiliser,
  })
  .refine(({ low, high }) => (low === undefined) === (high === undefined), {
    message: 'low and high are given together or not at all',
    path: ['high'],
  })
  .describe('For inputs in a box l ≤ x ≤ h: (x_i w_ij − l_i w_ij⁺ − h_i w_ij⁻) (Montavon 2017)');

export const WSquareRule = z
  .strictObject({ name: z.literal('w-square'), bias, stabiliser })
  .describe('w_ij² over Σ w_ij² (Montavon 2017)');

export const FlatRule = z
  .strictObject({ name: z.literal('flat'), stabiliser })
  .describe('The same share for every input that a unit sees (Lapuschkin 2017)');

export const NormRule = z
  .strictObject({ name: z.literal('norm'), stabiliser })
  .describe("Shares by contribution with the layer's own weighting (average pooling, add)");

export const PassRule = z.strictObject({ name: z.literal('pass') }).describe('Relevance unchanged');

export const WinnerTakeAllRule = z
  .strictObject({
    name: z.literal('winner-take-all'),
    ties: z
      .enum(['first', 'split', 'average'])
      .default('first')
      .describe('first: to the first of equal maxima; split: shared among them; average: as average pooling'),
    stabiliser,
  })
  .describe('All relevance of a max-pooling window to its maximum');

export const TaylorRule = z
  .strictObject({ name: z.literal('taylor') })
  .describe('Local response normalisation by its Taylor expansion, shares normalised to 1 (Binder 2016)');

/** How one layer passes relevance to its inputs. */
export const Rule = z.discriminatedUnion('name', [
  EpsilonRule,
  ZPlusRule,
  AlphaBetaRule,
  GammaRule,
  ZBoxRule,
  WSquareRule,
  FlatRule,
  NormRule,
  PassRule,
  WinnerTakeAllRule,
  TaylorRule,
]);

export type Rule = z.infer<typeof Rule>;
export type RuleName = Rule['name'];

/** Which layers an entry of a composite is for: all conditions that are given must hold. */
export const LayerMatch = z
  .strictObject({
    name: z.string().min(1).max(200).optional().describe('Glob over layer names: * any characters, ? one'),
    type: z.string().min(1).max(50).optional().describe('Layer type, as in GET /models/{name}'),
    first: z.literal(true).optional().describe('Linear layers reached from the input through no other linear layer'),
    last: z.literal(true).optional().describe('Linear layers from which the output is reached through no other one'),
    from: z.int().min(0).optional().describe('Smallest layer index'),
    to: z.int().min(0).optional().describe('Largest layer index'),
  })
  .refine((match) => Object.values(match).some((condition) => condition !== undefined), {
    message: 'a match needs at least one of name, type, first, last, from, to',
  });

export type LayerMatch = z.infer<typeof LayerMatch>;

export const COMPOSITE_PRESETS = [
  'deep-taylor',
  'epsilon',
  'lrp-0',
  'alpha2-beta1',
  'alpha1-beta0',
  'epsilon-plus',
  'epsilon-plus-flat',
  'epsilon-alpha2-beta1',
  'epsilon-alpha2-beta1-flat',
  'epsilon-gamma-box',
] as const;

export const CompositePreset = z.enum(COMPOSITE_PRESETS);
export type CompositePreset = z.infer<typeof CompositePreset>;

export const CompositeEntry = z.strictObject({ match: LayerMatch, rule: Rule });
export type CompositeEntry = z.infer<typeof CompositeEntry>;

/** A preset's name, or an ordered list of (which layers, which rule): the first match wins. */
export const Composite = z.union([CompositePreset, z.array(CompositeEntry).min(1).max(256)]);
export type Composite = z.infer<typeof Composite>;
