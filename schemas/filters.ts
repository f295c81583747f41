import { z } from 'zod';
import { modelParamsSchema, modelQuerySchema } from './models.ts';
import { SIZE_LIMITS } from './render.ts';

export const FILTER_COLOURS = ['rgb', 'gray', 'red-blue'] as const;

export const filtersParamsSchema = modelParamsSchema.extend({
  layer: z.string().describe('Name of the layer, percent-encoded: conv1%2Factivation is the layer conv1/activation'),
});

/** The query of GET /models/{name}/layers/{layer}/filters: which model, and how its filters are drawn. */
export const filtersQuerySchema = modelQuerySchema.extend({
  colormap: z
    .enum(FILTER_COLOURS)
    .optional()
    .describe(
      'rgb: one picture of three channels, mid gray is zero. gray: black negative, mid gray zero, white positive. ' +
        'red-blue: red positive, white zero, blue negative. The last two draw one map per channel. Default: rgb where ' +
        'the input is a picture of three channels, gray where it has one, red-blue otherwise.',
    ),
  normalise: z
    .enum(['filter', 'all'])
    .default('filter')
    .describe('What gets the strongest colour: the largest |weight| of each filter, or that of all filters.'),
  size: z.coerce
    .number()
    .int()
    .min(SIZE_LIMITS.smallest)
    .max(SIZE_LIMITS.largest)
    .optional()
    .describe(
      'Longer side of one filter in pixels. Default: the smallest whole multiple of its weights that is at least 64.',
    ),
});

export type FiltersQuery = z.output<typeof filtersQuerySchema>;
export type FilterColours = (typeof FILTER_COLOURS)[number];
