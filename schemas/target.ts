import { z } from 'zod';

/** What is explained: the predicted output, one output by index or label, or a weighted sum of outputs. */
export const Target = z
  .union([
    z.literal('predicted'),
    z.int().min(0).max(1e6),
    z.string().min(1).max(500),
    z.strictObject({
      weights: z
        .record(z.string().min(1).max(500), z.number().min(-1e6).max(1e6))
        .refine((weights) => Object.values(weights).some((weight) => weight !== 0), {
          message: 'at least one weight must differ from 0',
        })
        .describe('Weight by output index or label: {"3": 1, "5": -1} asks why a 3 and not a 5'),
    }),
  ])
  .describe(
    '"predicted"; an output index; a label (the whole label, then any of its comma-separated synonyms, ignoring case and a synset id; then digits as an index); or {"weights": {...}} for a contrastive explanation',
  );

export type Target = z.infer<typeof Target>;
