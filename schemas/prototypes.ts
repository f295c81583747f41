import { z } from 'zod';
import { answeringModelSchema } from './explanation.ts';
import { PROTOTYPE_VARIANTS } from './prototype.ts';

const count = z.int().nonnegative();

const targetSchema = z.object({
  index: count.nullable(),
  label: z.string().nullable(),
  unit: z
    .object({ layer: z.string(), channel: count, position: z.tuple([count, count]).nullable() })
    .nullable()
    .describe('A unit of a layer, or without a position a whole channel'),
});

const pointSchema = z.object({ step: count, objective: z.number(), probability: z.number().nullable() });

/** One prototype. */
export const foundPrototypeSchema = z.object({
  target: targetSchema,
  copy: count.describe('Which of the `count` prototypes of its target, from 0'),
  objective: z.number().describe('What was maximised, at the end'),
  terms: z
    .record(z.string(), z.number())
    .describe(
      'Its parts before their weights: log_probability, logit, value, log_density, l2, total_variation, diversity',
    ),
  probability: z.number().nullable().describe('p(c|x*); null where the target has none'),
  steps: count,
  converged: z.boolean().describe('Whether it ended because the objective moved no more'),
  image: z.string().meta({ contentEncoding: 'base64', contentMediaType: 'image/png' }),
  tensor: z
    .object({ shape: z.array(count), data: z.string().meta({ contentEncoding: 'base64' }) })
    .optional()
    .describe('x*, little-endian float32, if included'),
  trajectory: z.array(pointSchema).optional().describe('If included'),
});

/** The result of POST /prototype as JSON. */
export const prototypesSchema = z
  .object({
    id: z.string().describe('Of the job'),
    model: answeringModelSchema,
    engine: z.string(),
    variant: z.enum(PROTOTYPE_VARIANTS),
    options: z.record(z.string(), z.unknown()).describe('All options, resolved'),
    prototypes: z.array(foundPrototypeSchema).describe('By target, then copy'),
    animation: z
      .string()
      .meta({ contentEncoding: 'base64', contentMediaType: 'image/webp' })
      .optional()
      .describe('The search as an animated WebP, if included'),
    timing_ms: z.object({ compute: z.number() }),
  })
  .meta({ id: 'Prototypes', description: 'Prototypes that were found' });

export type PrototypesAnswer = z.output<typeof prototypesSchema>;
