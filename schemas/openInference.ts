import { z } from 'zod';

/** The numeric datatypes of the protocol. */
export const DATATYPE_NAMES = [
  'BOOL',
  'UINT8',
  'UINT16',
  'UINT32',
  'UINT64',
  'INT8',
  'INT16',
  'INT32',
  'INT64',
  'FP16',
  'BF16',
  'FP32',
  'FP64',
] as const;

export type Datatype = (typeof DATATYPE_NAMES)[number];

/** Name of the only input of every model. */
export const INPUT_NAME = 'input';

const shape = z
  .array(
    z
      .int()
      .min(1)
      .max(2 ** 31),
  )
  .min(1)
  .max(8);
const ignored = z.unknown().optional().describe('Accepted, and without effect');

const requestInput = z.strictObject({
  name: z.literal(INPUT_NAME),
  shape: shape.describe('[N, ...], with the batch'),
  datatype: z.enum(DATATYPE_NAMES),
  parameters: z
    .strictObject({
      binary_data_size: z.int().min(0).optional().describe('The elements follow after the JSON, as so many bytes'),
      content_type: ignored,
    })
    .default({}),
  data: z.unknown().optional().meta({
    description: 'The elements in row-major order, flat or nested as the shape says',
    type: 'array',
    items: {},
  }),
});

const requestedOutput = z.strictObject({
  name: z.string().min(1).max(100),
  parameters: z
    .strictObject({
      binary_data: z.boolean().optional().describe('Whether it is answered in binary'),
      content_type: ignored,
    })
    .default({}),
});

const requestParameters = z
  .object({
    binary_data_output: z.boolean().default(false).describe('Whether all outputs are answered in binary'),
    explain_parameters: z
      .record(z.string().max(64), z.unknown())
      .optional()
      .describe('Asks for an explanation: method, target, layer, and options of the method'),
    content_type: ignored,
    priority: ignored,
    timeout: ignored,
  })
  .catchall(z.unknown())
  .describe('Of a model {model}--{method}, further keys are target, layer and options of the method');

/** The JSON of POST /v2/models/{name}/infer. */
export const inferenceRequestSchema = z.strictObject({
  id: z.string().max(1000).optional().describe('Comes back in the answer'),
  model_name: ignored,
  model_version: ignored,
  parameters: requestParameters.prefault({}),
  inputs: z.array(requestInput).length(1, `must be exactly one, named ${INPUT_NAME}`),
  outputs: z.array(requestedOutput).max(8).optional().describe('Default: all'),
});

export type InferenceRequest = z.output<typeof inferenceRequestSchema>;
export type InferenceInput = InferenceRequest['inputs'][number];

const tensorMetadata = z.object({
  name: z.string(),
  datatype: z.enum(DATATYPE_NAMES),
  shape: z.array(z.int()).describe('-1: the batch'),
});

/** GET /v2/models/{name}. */
export const servedModelSchema = z
  .object({
    name: z.string(),
    versions: z.array(z.string()),
    platform: z.string(),
    inputs: z.array(tensorMetadata),
    outputs: z.array(tensorMetadata),
  })
  .meta({ id: 'ServedModel' });

/** GET /v2. */
export const serverMetadataSchema = z
  .object({ name: z.string(), version: z.string(), extensions: z.array(z.string()) })
  .meta({ id: 'ServerMetadata' });

export const serverLiveSchema = z.object({ live: z.literal(true) }).meta({ id: 'ServerLive' });
export const serverReadySchema = z
  .object({ live: z.literal(true), ready: z.literal(true) })
  .meta({ id: 'ServerReady' });

/** The JSON of an answer; the elements of binary outputs follow it. */
export const inferenceAnswerSchema = z
  .object({
    model_name: z.string(),
    model_version: z.string(),
    id: z.string().optional(),
    outputs: z.array(
      z.object({
        name: z.string(),
        datatype: z.enum(DATATYPE_NAMES),
        shape: z.array(z.int()),
        parameters: z.object({ binary_data_size: z.int() }).optional(),
        data: z.array(z.number()).optional(),
      }),
    ),
  })
  .meta({ id: 'InferenceAnswer' });

export type InferenceAnswer = z.output<typeof inferenceAnswerSchema>;

/** POST /v2/repository/index. */
export const repositoryIndexRequestSchema = z.strictObject({
  ready: z.boolean().default(false).describe('Whether only loaded models are listed'),
  repository_name: ignored,
});

export const repositoryIndexSchema = z
  .array(
    z.object({
      name: z.string(),
      version: z.string().optional(),
      state: z.enum(['READY', 'LOADING', 'UNAVAILABLE']),
      reason: z.string(),
    }),
  )
  .meta({ id: 'RepositoryIndex' });

/** POST /v2/repository/models/{name}/load and unload. */
export const repositoryLoadSchema = z.strictObject({ parameters: z.strictObject({}).optional() });
export const repositoryUnloadSchema = z.strictObject({
  parameters: z
    .strictObject({ unload_dependents: z.boolean().optional().describe('Without effect: no model needs another') })
    .optional(),
});
export const loadedSchema = z.object({ name: z.string(), load: z.literal(true) }).meta({ id: 'Loaded' });
export const unloadedSchema = z.object({ name: z.string(), unload: z.literal(true) }).meta({ id: 'Unloaded' });
