import { z } from 'zod';
import { METHOD_NAMES } from './methods.ts';

/** One item, or a list with one entry per item of the batch that the client sent. */
const perItem = <Schema extends z.ZodType>(item: Schema) => z.union([item, z.array(item)]);

const scoredOutput = z.object({
  index: z.int(),
  label: z.string().nullable(),
  score: z.number().describe('Before any softmax'),
  probability: z.number().nullable().describe("null where the model's outputs are no probabilities"),
});

const prediction = scoredOutput.extend({ top: z.array(scoredOutput).describe('The five largest outputs') });

const target = z.object({
  index: z.int().nullable().describe('null for a weighted target'),
  label: z.string().nullable(),
  weights: z.record(z.string(), z.number()).nullable().describe('Weight by output index, for a weighted target'),
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

/** The JSON answer of POST /explain. A batch of N > 1 gives lists for the fields of one item. */
export const explanationSchema = z
  .object({
    id: z.string().describe('The request id'),
    model: z.object({ name: z.string(), version: z.string(), sha256: z.string().describe('Of the weights') }),
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
    timing_ms: z
      .object({ decode: z.number(), queue: z.number(), compute: z.number(), render: z.number(), total: z.number() })
      .describe('Milliseconds of each step'),
    batch_size: z.int().describe('Items that were computed together'),
    cached: z.boolean().describe('Whether the compiled explanation was found, not made for this request'),
  })
  .meta({ id: 'Explanation' });

export type ExplanationAnswer = z.output<typeof explanationSchema>;
