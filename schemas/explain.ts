import { z } from 'zod';
import { base64Bytes } from './base64.ts';
import { faultAt } from './errors.ts';
import { parseOrRefuse } from './faults.ts';
import { imageIdSchema, isOneInput, ONE_INPUT } from './images.ts';
import { modelNameSchema, modelVersionSchema } from './manifest.ts';
import { DEFAULT_METHOD, METHOD_NAMES, METHOD_OPTIONS, type MethodName } from './methods.ts';
import { renderSchema } from './render.ts';
import { Target } from './target.ts';
import { type ClientTensor, tensorInputSchema } from './tensorInput.ts';

/** What a JSON answer holds only when it is asked for. */
export const INCLUDABLE = ['relevance', 'layers', 'image'] as const;
export type Includable = (typeof INCLUDABLE)[number];

/** The options of every method as JSON Schema, for the OpenAPI document; which one counts is known with the method. */
const documentedOptions = METHOD_NAMES.map((name) => {
  const { $schema, ...schema } = z.toJSONSchema(METHOD_OPTIONS[name], { io: 'input' });
  return { ...schema, title: name };
});

/** All of a request for an explanation but its input. */
const settings = {
  model: modelNameSchema,
  version: modelVersionSchema.optional(),
  method: z.enum(METHOD_NAMES).default(DEFAULT_METHOD).describe('How relevance is computed; see GET /methods'),
  options: z
    .record(z.string().max(64), z.unknown())
    .default({})
    .meta({ description: 'Options of the method; unknown keys are refused.', anyOf: documentedOptions }),
  target: Target.default('predicted'),
  layer: z
    .string()
    .min(1)
    .max(256)
    .optional()
    .describe('Name of a layer, as in GET /models/{name}: relevance at its output instead of at the input'),
  render: renderSchema.prefault({}),
  include: z
    .array(z.enum(INCLUDABLE))
    .max(INCLUDABLE.length)
    .default([])
    .describe('What the JSON answer holds beside the scores: the values, the sums by layer, the picture (base64)'),
};

const jsonInput = z
  .strictObject({
    image: base64Bytes.optional().describe('A PNG, JPEG or WebP file as base64'),
    imageId: imageIdSchema.optional(),
    tensor: tensorInputSchema.optional(),
  })
  .refine(isOneInput, { message: ONE_INPUT })
  .describe('What is explained: an encoded picture, the id of an uploaded one, or a ready tensor');

/** A picture as bytes that came in a form. */
const fileBytes = z
  .unknown()
  .transform((value, context): Uint8Array => {
    if (value instanceof Uint8Array) return value;
    context.issues.push({
      code: 'custom',
      input: value,
      message:
        value === undefined
          ? 'is required: one file field named image, e.g. -F image=@digit.png'
          : 'must be a file, not text: e.g. -F image=@digit.png',
    });
    return z.NEVER;
  })
  .meta({
    type: 'string',
    format: 'binary',
    contentMediaType: 'application/octet-stream',
    description: 'A PNG, JPEG or WebP file',
  });

/** The body of POST /explain as application/json. */
export const explainJsonSchema = z.strictObject({ ...settings, input: jsonInput });

/** The fields of POST /explain as multipart/form-data, after texts that hold JSON were parsed. */
export const explainFormSchema = z.strictObject({ ...settings, image: fileBytes });

type Settings = Omit<z.output<typeof explainJsonSchema>, 'input'>;

type ReadyInput =
  | { readonly kind: 'image'; readonly bytes: Uint8Array }
  | { readonly kind: 'tensor'; readonly tensor: ClientTensor };

/** A request for an explanation as a client gave it, with all its defaults. */
export interface GivenExplainRequest extends Settings {
  /** Parsed by the schema of the method. */
  readonly options: Record<string, unknown>;
  readonly input: ReadyInput | { readonly kind: 'upload'; readonly imageId: string };
}

/** A request for an explanation with its input, whatever body it came in. */
export interface ExplainRequest extends GivenExplainRequest {
  readonly input: ReadyInput;
}

/** @throws ElucidError `invalid` that names every fault. */
export function parseExplainJson(body: unknown): GivenExplainRequest {
  const { input, ...rest } = parseOrRefuse(explainJsonSchema, body);
  const options = parseOptions(rest.method, rest.options);
  if (input.tensor !== undefined) return { ...rest, options, input: { kind: 'tensor', tensor: input.tensor } };
  if (input.imageId !== undefined) return { ...rest, options, input: { kind: 'upload', imageId: input.imageId } };
  return { ...rest, options, input: { kind: 'image', bytes: input.image ?? new Uint8Array() } };
}

/**
 * A request that was kept, which holds its input itself.
 * @throws ElucidError `invalid` that names every fault.
 */
export function parseKeptExplain(body: unknown): ExplainRequest {
  const { input, ...rest } = parseExplainJson(body);
  if (input.kind === 'upload') throw faultAt('invalid', '/input/imageId', 'a kept request must hold its image');
  return { ...rest, input };
}

/** @throws ElucidError `invalid` that names every fault. */
export function parseExplainForm(fields: unknown): ExplainRequest {
  const { image, ...rest } = parseOrRefuse(explainFormSchema, fields);
  return { ...rest, options: parseOptions(rest.method, rest.options), input: { kind: 'image', bytes: image } };
}

/**
 * Options with the defaults of their method.
 * @throws ElucidError `invalid` with pointers under `at`.
 */
export function parseOptions(
  method: MethodName,
  options: Readonly<Record<string, unknown>>,
  at: readonly string[] = ['options'],
): Record<string, unknown> {
  return parseOrRefuse<z.ZodType<Record<string, unknown>>>(METHOD_OPTIONS[method], options, at);
}
