import { z } from 'zod';
import { base64Bytes } from './base64.ts';
import { parseOrRefuse } from './faults.ts';
import { imageIdSchema, isOneInput, ONE_INPUT } from './images.ts';
import { modelNameSchema, modelVersionSchema } from './manifest.ts';
import { renderSchema } from './render.ts';
import { tensorInputSchema } from './tensorInput.ts';

/** Which objective and which search space: see docs/prototypes.md. */
export const PROTOTYPE_VARIANTS = ['simple', 'density', 'generator', 'dgn-am'] as const;
export type PrototypeVariant = (typeof PROTOTYPE_VARIANTS)[number];

export const OBJECTIVES = ['log-probability', 'logit', 'value', '-value'] as const;
export type ObjectiveName = (typeof OBJECTIVES)[number];

export const INITS = ['mean', 'class-mean', 'zero', 'noise'] as const;
export type InitName = (typeof INITS)[number];

/** What an answer holds only when it is asked for. */
export const PROTOTYPE_INCLUDABLE = ['tensor', 'trajectory', 'animation'] as const;

/** Bounds of one job, so that none can run without end. */
export const PROTOTYPE_LIMITS = { steps: 5000, count: 64 } as const;

const position = z.tuple([z.int().min(0).max(1e6), z.int().min(0).max(1e6)]);

const prototypeTarget = z
  .union([
    z.int().min(0).max(1e6),
    z.literal('all'),
    z.string().min(1).max(500),
    z
      .strictObject({
        layer: z.string().min(1).max(256).describe('Name of a layer, as in GET /models/{name}'),
        channel: z.int().min(0).max(1e6).describe('Channel, or unit of a layer of vectors'),
        position: position.optional().describe('[row, column]; default: the mean over the channel'),
      })
      .describe('A unit or a channel of a layer'),
  ])
  .describe('An output by index or label, "all" outputs at once, or a unit or channel of a layer');

const init = z
  .union([
    z.enum(INITS),
    z
      .strictObject({
        image: base64Bytes.optional().describe('A PNG, JPEG or WebP file as base64'),
        imageId: imageIdSchema.optional(),
        tensor: tensorInputSchema.optional(),
      })
      .refine(isOneInput, { message: ONE_INPUT }),
  ])
  .describe(
    'Where the search starts: the mean of the class means (zero where the model has none), the mean of the class, zeros, ' +
      'noise by the seed, or an input. With a generator it becomes the code whose image is nearest; noise is a random code. Default: of the variant.',
  );

const weight = (description: string) => z.number().min(0).max(1e6).optional().describe(description);

const regularisers = z
  .strictObject({
    l2: weight('λ of −λ‖x − x₀‖², or of −λ‖z‖² for a code'),
    totalVariation: weight('Weight of Σ |x_p − x_q|² over neighbouring pixels p, q'),
    blur: z
      .strictObject({
        sigma: z.number().gt(0).max(16).default(1).describe('Standard deviation in pixels'),
        every: z.int().min(1).max(PROTOTYPE_LIMITS.steps).default(8).describe('Steps between two blurs'),
      })
      .optional()
      .describe('Gaussian blur of the picture every few steps'),
    jitter: z.int().min(0).max(64).optional().describe('Largest random shift, in pixels, of what the network sees'),
    clipNorm: z
      .number()
      .min(0)
      .max(100)
      .optional()
      .describe('Percent of the pixels, those of the smallest norm, that are set to zero after each step'),
    clipContribution: z
      .number()
      .min(0)
      .max(100)
      .optional()
      .describe('Percent of the pixels, those of the smallest |Σ_c x_c ∂J/∂x_c|, that are set to zero after each step'),
  })
  .describe('What keeps the prototype simple; defaults depend on the variant and are part of the answer');

const rates = {
  learningRate: z.number().gt(0).max(1000).optional().describe('First step size; default: of the variant'),
  finalLearningRate: z
    .number()
    .gt(0)
    .max(1000)
    .optional()
    .describe('Step size to which the first one falls linearly over the steps; default: of the variant'),
};
const optimiser = z
  .discriminatedUnion('name', [
    z.strictObject({ name: z.literal('adam'), ...rates }),
    z.strictObject({
      name: z.literal('momentum'),
      ...rates,
      momentum: z.number().min(0).lt(1).optional().describe('Default: 0.9; 0 in the variant dgn-am'),
    }),
    z.strictObject({ name: z.literal('l-bfgs') }),
  ])
  .describe(
    'How the objective is climbed; dgn-am has a step of its own, which is named momentum. Default: of the variant',
  );

/** The body of POST /prototype. */
export const prototypeSchema = z
  .strictObject({
    model: modelNameSchema,
    version: modelVersionSchema.optional(),
    target: prototypeTarget,
    variant: z.enum(PROTOTYPE_VARIANTS).default('simple'),
    objective: z
      .enum(OBJECTIVES)
      .optional()
      .describe(
        'Default: log-probability for an output of a classification (logit in the variant dgn-am, and where the model gives no probabilities), value for everything else',
      ),
    init: init.optional(),
    regularisers: regularisers.prefault({}),
    densityWeight: z.number().min(0).max(1000).optional().describe('w of w·log p(x) in the variant density'),
    optimiser: optimiser.optional(),
    steps: z.int().min(1).max(PROTOTYPE_LIMITS.steps).default(200),
    tolerance: z
      .number()
      .min(0)
      .max(1)
      .default(1e-4)
      .describe(
        'A prototype ends early when its objective J moved by at most this times max(1, |J|) over 20 steps; 0: never',
      ),
    seed: z
      .int()
      .min(0)
      .max(2 ** 32 - 1)
      .default(0)
      .describe('Same seed and options, same bytes'),
    count: z.int().min(1).max(PROTOTYPE_LIMITS.count).default(1).describe('Prototypes of each target'),
    diversity: z
      .strictObject({
        weight: z.number().min(0).max(1e6).default(0).describe('μ of −μ Σ cosine similarity between activations'),
        layer: z.string().min(1).max(256).optional().describe('Whose activations; default: the last hidden layer'),
      })
      .prefault({})
      .describe('Keeps several prototypes of one target apart'),
    render: renderSchema.prefault({}),
    include: z.array(z.enum(PROTOTYPE_INCLUDABLE)).max(PROTOTYPE_INCLUDABLE.length).default([]),
  })
  .describe('What a prototype is asked for with');

export type PrototypeRequest = z.output<typeof prototypeSchema>;
export type PrototypeTarget = z.output<typeof prototypeTarget>;

/** @throws ElucidError `invalid` that names every fault. */
export function parsePrototype(body: unknown): PrototypeRequest {
  return parseOrRefuse(prototypeSchema, body);
}
