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
    z
      .strictObject({
        layer: z.string().min(1).max(256).describe('Name of a layer, as in GET /models/{name}'),
        channel: z.int().min(0).max(1e6).describe('Channel, or unit of a layer of vectors'),
        position: z
          .tuple([z.int().min(0).max(1e6), z.int().min(0).max(1e6)])
          .optional()
          .describe("[row, column]; default: where the channel's value is largest"),
      })
      .describe('A hidden unit: what it responds to'),
  ])
  .describe(
    '"predicted"; an output index; a label (the whole label, then any of its comma-separated synonyms, ignoring case and a synset id; then digits as an index); {"weights": {...}} for a contrastive explanation; or {"layer", "channel", "position"} for a hidden unit',
  );

export type Target = z.infer<typeof Target>;
