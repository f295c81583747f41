import { z } from 'zod';
import { modelVersionSchema } from './manifest.ts';

const instances = z
  .array(z.unknown())
  .min(1)
  .describe(
    'Each one: lists nested as the model\'s input; {"b64": ...}, an encoded image; or {"data": ...}, either of them, an image as base64 alone, too',
  );

const keys = {
  instances: instances.optional(),
  inputs: instances.optional().describe('Another name for instances'),
  version: modelVersionSchema.optional(),
};

const onlyOne = ({ instances: one, inputs: other }: { instances?: unknown; inputs?: unknown }) =>
  (one === undefined) !== (other === undefined);
const message = 'needs exactly one of instances, inputs';
const documented = { oneOf: [{ required: ['instances'] }, { required: ['inputs'] }] };

/** The body of :explain; further keys are settings of the explanation. */
export const instancesSchema = z.object(keys).catchall(z.unknown()).refine(onlyOne, { message }).meta(documented);

/** The body of :predict. */
export const predictSchema = z.strictObject(keys).refine(onlyOne, { message }).meta(documented);

export type InstancesRequest = z.output<typeof instancesSchema>;

/** GET /v1/models. */
export const servedNamesSchema = z.object({ models: z.array(z.string()) }).meta({ id: 'ServedModelNames' });

/** GET /v1/models/{name}, GET /v2/models/{name}/ready. */
export const modelReadySchema = z.object({ name: z.string(), ready: z.literal(true) }).meta({ id: 'ModelReady' });

const nested = z.unknown().meta({ description: 'Lists nested as the shape says', type: 'array', items: {} });

export const predictionsSchema = z
  .object({
    predictions: z
      .array(z.array(z.number()))
      .describe(
        'For each instance what the network gives: probabilities where it ends in a softmax or sigmoid, else scores',
      ),
  })
  .meta({ id: 'Predictions' });

export const explanationsSchema = predictionsSchema
  .extend({
    explanations: z.array(
      z.object({
        method: z.string(),
        relevance: nested,
        prediction: z.unknown().describe('As in the answer of POST /explain'),
        target: z.unknown().describe('As in the answer of POST /explain'),
        conservation: z.unknown().describe('As in the answer of POST /explain'),
        note: z.string().nullable(),
      }),
    ),
  })
  .meta({ id: 'Explanations' });
