import type { SwaggerTransform, SwaggerTransformObject } from '@fastify/swagger';
import type { FastifySchema } from 'fastify';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { z } from 'zod';

type Json = Record<string, unknown>;

/**
 * Turns the zod schemas of a route into JSON Schema. The type provider's own transform knows neither bodies of several
 * media types nor response headers; those are added here.
 */
export const transformRoute: SwaggerTransform = (document) => {
  const { body, ...rest } = document.schema ?? {};
  const several = bodyContent(body);
  if (several === null) {
    const plain = jsonSchemaTransform(document);
    return { ...plain, schema: withHeaders(plain.schema, document.schema) };
  }
  const transformed = jsonSchemaTransform({ ...document, schema: rest });
  const content = Object.fromEntries(
    Object.entries(several).map(([type, schema]) => {
      const alone = jsonSchemaTransform({ ...document, schema: { body: schema } });
      return [type, { schema: withExamples(alone.schema.body, schema) }];
    }),
  );
  return { ...transformed, schema: { ...withHeaders(transformed.schema, document.schema), body: { content } } };
};

/** Adds the named schemas that the routes refer to. */
export const transformDocument: SwaggerTransformObject = (document) => {
  const complete = jsonSchemaTransformObject(document);
  if (!('components' in complete) || complete.components?.schemas === undefined) return complete;
  const { components } = complete;
  const schemas = referredTo({ ...components.schemas }, JSON.stringify(complete.paths));
  return Object.assign({}, complete, { components: { ...components, schemas } });
};

/** The schemas that a text refers to, and those that they refer to. */
function referredTo(schemas: Json, text: string, found: Json = {}): Json {
  for (const [name, schema] of Object.entries(schemas)) {
    if (name in found || !text.includes(`"#/components/schemas/${name}"`)) continue;
    found[name] = schema;
    referredTo(schemas, JSON.stringify(schema), found);
  }
  return found;
}

/** The examples of a request, which the type provider drops. */
function withExamples(transformed: unknown, original: z.ZodType): unknown {
  const examples = original.meta()?.['examples'];
  return isRecord(transformed) && examples !== undefined ? { ...transformed, examples } : transformed;
}

function bodyContent(body: unknown): Record<string, z.ZodType> | null {
  if (!isRecord(body) || body instanceof z.ZodType || !isRecord(body['content'])) return null;
  return Object.fromEntries(
    Object.entries(body['content']).flatMap(([type, media]) =>
      isRecord(media) && media['schema'] instanceof z.ZodType ? [[type, media['schema']]] : [],
    ),
  );
}

/** The response headers of the original schema, which the type provider drops. */
function withHeaders(transformed: FastifySchema, original: FastifySchema | undefined): FastifySchema {
  if (!isRecord(transformed.response) || !isRecord(original?.response)) return transformed;
  const originals = original.response;
  const response = Object.fromEntries(
    Object.entries(transformed.response).map(([status, answer]) => {
      const from = originals[status];
      return [
        status,
        isRecord(answer) && isRecord(from) && isRecord(from['headers'])
          ? { ...answer, headers: from['headers'] }
          : answer,
      ];
    }),
  );
  return { ...transformed, response };
}

function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
