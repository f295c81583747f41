import { z } from 'zod';
import { COMPANIONS, manifestSchema, modelVersionSchema } from './manifest.ts';
import { METHOD_NAMES } from './methods.ts';
import { PROTOTYPE_VARIANTS } from './prototype.ts';

const state = z
  .enum(['idle', 'loading', 'ready', 'failed'])
  .describe('idle: registered, loaded by the first request; failed: its files cannot be used, see reason');

const reason = z.string().nullable().describe('Why the model failed');

/** One line of GET /models. */
export const modelSummarySchema = z
  .object({
    name: z.string(),
    version: z.string().nullable(),
    title: z.string().nullable(),
    state,
    reason,
    format: z.string().nullable(),
    input: z.object({ kind: z.string(), shape: z.array(z.int()) }).nullable(),
    outputs: z.object({ kind: z.string(), labels: z.int().nullable() }).nullable(),
    companions: z
      .array(z.enum(COMPANIONS))
      .nullable()
      .describe('What its manifest names for prototypes: variants of POST /prototype need them'),
    metrics: z.record(z.string(), z.union([z.number(), z.string()])).nullable(),
  })
  .meta({ id: 'ModelSummary' });

export const modelListSchema = z.object({ models: z.array(modelSummarySchema) }).meta({ id: 'ModelList' });

const applicability = <Schema extends z.ZodType>(name: Schema) =>
  z.object({ name, applies: z.boolean(), reason: z.string().nullable().describe('Why it does not apply') });

/** GET /models/{name}. */
export const modelDetailSchema = z
  .object({
    name: z.string(),
    version: z.string().nullable(),
    versions: z.array(z.string()).describe('All versions of this name, highest first'),
    state,
    reason,
    sha256: z.string().nullable().describe('Of the weights'),
    manifest: z
      .unknown()
      .meta({ description: "The model's manifest, with its defaults", ...manifestDocument() })
      .nullable(),
    layers: z.array(
      z.object({
        name: z.string(),
        type: z.string(),
        output_shape: z.array(z.int()),
        parameters: z.int(),
      }),
    ),
    methods: z.array(applicability(z.enum(METHOD_NAMES))),
    composites: z.array(applicability(z.string())),
    variants: z.array(applicability(z.enum(PROTOTYPE_VARIANTS))).describe('Of POST /prototype'),
  })
  .meta({ id: 'ModelDetail' });

const modelReference = z.object({ name: z.string(), version: z.string() });

/** POST /admin/models/reload. */
export const reloadReportSchema = z
  .object({
    added: z.array(modelReference),
    changed: z.array(modelReference).describe('Whose files or manifest are not what they were'),
    removed: z.array(modelReference),
    unchanged: z.array(modelReference),
    failed: z
      .array(z.object({ name: z.string(), version: z.string().nullable(), reason: z.string() }))
      .describe('Folders that cannot be used, and why'),
  })
  .meta({ id: 'ReloadReport' });

export const modelParamsSchema = z.object({ name: z.string().describe('Name of the model') });

export const modelQuerySchema = z.strictObject({ version: modelVersionSchema.optional() });

/** The query of GET /models/{name}/explanation.onnx: all other keys are options of the method. */
export const exportQuerySchema = z
  .object({
    version: modelVersionSchema.optional(),
    method: z.enum(METHOD_NAMES).default('deep-taylor').describe('See GET /methods'),
  })
  .catchall(z.unknown());

/** GET /methods. */
export const methodListSchema = z
  .object({
    methods: z.array(
      z.object({
        name: z.enum(METHOD_NAMES),
        title: z.string(),
        summary: z.string().describe('What it computes, in a sentence'),
        source: z.string().describe('Where it was published'),
        default: z.boolean().describe('Whether it is used when a request names none'),
        options: z.record(z.string(), z.unknown()).describe('JSON Schema of its options'),
      }),
    ),
    composites: z.array(z.string()).describe('Names for the option composite of lrp'),
  })
  .meta({ id: 'MethodList' });

function manifestDocument(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(manifestSchema, { io: 'output' });
  return schema;
}
