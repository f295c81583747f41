import { z } from 'zod';
import { METHOD_NAMES } from './methods.ts';

/** One item, or a list with one entry per item of the batch that the client sent. */
const perItem = <Schema extends z.ZodType>(item: Schema) => z.union([item, z.array(item)]);

export const scoredOutputSchema = z.object({
  index: z.int(),
  label: z.string().nullable(),
  score: z.number().describe('Before any softmax'),
  probability: z.number().nullable().describe("null where the model's outputs are no probabilities"),
});

const prediction = scoredOutputSchema.extend({ top: z.array(scoredOutputSchema).describe('The five largest outputs') });

const target = z.object({
  index: z.int().nullable().describe('null for a weighted target'),
  label: z.string().nullable(),
  weights: z.record(z.string(), z.number()).nullable().describe('Weight by output index, for a weighted target'),
  unit: z
    .object({ layer: z.string(), channel: z.int(), position: z.tuple([z.int(), z.int()]).readonly().nullable() })
    .nullable()
    .describe("A hidden unit; position null: where the channel's value is largest"),
  score: z.number().describe('What was explained: Σ_k w_k f_k before any softmax'),
});

const conservation = z
  .object({
    start: z.number().describe('Relevance put in at the output'),
    input_sum: z.number().describe('Σ R over the input'),
    error: z.number().describe('input_sum − start'),
    relative_error: z.number().nullable().describe('|error| / |start|; null at start 0'),
    absorbed: z
      .object({ bias: z.number(), stabiliser: z.number(), dead: z.number(), dropped: z.number() })
      .nullable()
      .describe('Where relevance went: start = input_sum + bias + stabiliser + dead + dropped'),
  })
  .nullable();

const layer = z.object({
  name: z.string(),
  type: z.string(),
  rule: z.string().nullable(),
  relevance_sum: z.number(),
});

const timing = z.object({
  decode: z.number(),
  queue: z.number(),
  compute: z.number(),
  render: z.number(),
  total: z.number(),
});

const relevanceSums = z.object({ sum: z.number(), min: z.number(), max: z.number() });

/** What an explanation tells of one item, in protocols that always give lists of items. */
export const explainedItemSchema = z
  .object({
    prediction,
    target,
    conservation: conservation.describe('null for methods that do not decompose the score'),
    note: z.string().nullable().describe('Why there is no conservation report'),
    layers: z.array(layer).nullable().describe('Relevance by layer, output first; null for methods without it'),
    relevance: relevanceSums,
  })
  .describe('What was decided for one item, and why');

/** The values of a relevance, and their sums for the first item. */
export const relevanceSchema = relevanceSums.extend({
  shape: z.array(z.int()).describe('As the input was sent: with the batch if that was'),
  data: z.string().describe('The values as base64 of little-endian float32'),
});

/** The model that made an answer. */
export const answeringModelSchema = z.object({
  name: z.string(),
  version: z.string(),
  sha256: z.string().describe('Of the weights'),
});

/** The JSON answer of POST /explain. A batch of N > 1 gives lists for the fields of one item. */
export const explanationSchema = z
  .object({
    id: z.string().describe('The request id'),
    model: answeringModelSchema,
    engine: z.string().describe('Engine and device, e.g. onnx/cpu'),
    method: z.enum(METHOD_NAMES),
    options: z.record(z.string(), z.unknown()).describe('All options, resolved'),
    prediction: perItem(prediction),
    target: perItem(target),
    relevance: z.object({
      shape: z.array(z.int()).describe('As the input was sent: with the batch if that was'),
      sum: perItem(z.number()),
      min: perItem(z.number()),
      max: perItem(z.number()),
      data: z.string().optional().describe('The values as base64 of little-endian float32, if included'),
    }),
    conservation: perItem(conservation).describe('null for methods that do not decompose the score'),
    note: perItem(z.string().nullable()).describe('Why there is no conservation report'),
    layers: perItem(z.array(layer).nullable()).optional().describe('Relevance by layer, output first, if included'),
    image: z.string().optional().describe('The drawn relevance as base64, if included'),
    timing_ms: timing.describe('Milliseconds of each step'),
    batch_size: z.int().describe('Items that were computed together'),
    cached: z.boolean().describe('Whether the compiled explanation was found, not made for this request'),
  })
  .meta({ id: 'Explanation', examples: [example()] });

export type ExplanationAnswer = z.output<typeof explanationSchema>;

function example(): Record<string, unknown> {
  const three = { index: 3, label: '3', score: 23.4721, probability: 0.9999 };
  return {
    id: '01a20970-f6e2-70ee-af16-8ee830ed67d0',
    model: {
      name: 'mnist-cnn',
      version: '1',
      sha256: '83b2846842af9ece262a6d55190eaea5146ce5e57d3b0ea483cfddfb5ad224f8',
    },
    engine: 'onnx/cpu',
    method: 'deep-taylor',
    options: { start: 'score', stabiliser: 0.000001 },
    prediction: { ...three, top: [three, { index: 5, label: '5', score: 4.5973, probability: 6.35e-9 }] },
    target: { index: 3, label: '3', weights: null, unit: null, score: 23.4721 },
    relevance: { shape: [1, 28, 28], sum: 23.472, min: 0, max: 0.2354 },
    conservation: {
      start: 23.4721,
      input_sum: 23.472,
      error: -0.0001,
      relative_error: 0.0000036,
      absorbed: { bias: 0, stabiliser: 0.0001, dead: 0, dropped: 0 },
    },
    note: null,
    timing_ms: { decode: 0.9, queue: 0.1, compute: 0.6, render: 0, total: 2.1 },
    batch_size: 1,
    cached: true,
  };
}
