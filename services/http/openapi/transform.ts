import type { SwaggerTransform, SwaggerTransformObject } from '@fastify/swagger';
import type { FastifySchema } from 'fastify';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { withExamples } from './examples.ts';
import { isRecord, type Json, mapRecord } from './json.ts';
import { COMMON_HEADERS, commonProblems } from './responses.ts';
import { exactTuples } from './tuples.ts';

const FREE_QUERY = 'x-free-query';

/** A key in the schema of a route whose body may be left out. */
export const OPTIONAL_BODY = 'x-optional-body';

const FREE_PARAMETER = {
  name: 'options',
  in: 'query',
  required: false,
  style: 'form',
  explode: true,
  description: 'Options of the method as keys of their own; objects and lists are written as JSON',
  schema: { type: 'object', additionalProperties: { type: ['string', 'number', 'boolean'] } },
};

/**
 * Turns the zod schemas of a route into JSON Schema. The type provider's own transform knows neither bodies of several
 * media types nor response headers; those are added here.
 */
export const transformRoute: SwaggerTransform = (given) => {
  const document = { ...given, schema: withCommonProblems(given.schema ?? {}, given.route.method) };
  const { body, ...rest } = document.schema;
  const several = bodyContent(body);
  if (several === null) {
    const plain = jsonSchemaTransform(document);
    return { ...plain, schema: withFreeQuery(withHeaders(plain.schema, document.schema)) };
  }
  const transformed = jsonSchemaTransform({ ...document, schema: rest });
  const content = Object.fromEntries(
    Object.entries(several).map(([type, schema]) => {
      const alone = jsonSchemaTransform({ ...document, schema: { body: schema } });
      return [type, { schema: withOwnExamples(alone.schema.body, schema) }];
    }),
  );
  const schema = withFreeQuery(withHeaders(transformed.schema, document.schema));
  return { ...transformed, schema: { ...schema, body: { content } } };
};

/** Adds the named schemas that the routes refer to. */
export const transformDocument: SwaggerTransformObject = (document) => {
  const complete = jsonSchemaTransformObject(document);
  if (!('components' in complete) || complete.components?.schemas === undefined) return complete;
  const { components } = complete;
  const schemas = referredTo({ ...components.schemas }, JSON.stringify(complete.paths));
  const paths = mapRecord({ ...complete.paths }, (_path, item) => completeOperations(item));
  const { responses, ...shared } = shareProblems(paths);
  const all = { ...components, schemas: exactTuples(schemas), responses };
  return Object.assign({}, complete, { paths: exactTuples(shared.paths), components: all });
};

/** Problem answers are the same everywhere: each is written once, and referred to. */
function shareProblems(paths: Record<string, Json>) {
  const responses: Json = {};
  const share = (status: string, response: unknown) => {
    const name = `Problem${status}`;
    if (Number(status) < 400) return response;
    responses[name] ??= response;
    const isSame = JSON.stringify(responses[name]) === JSON.stringify(response);
    return isSame ? { $ref: `#/components/responses/${name}` } : response;
  };
  const operationOf = (operation: unknown) =>
    isRecord(operation) && isRecord(operation['responses'])
      ? { ...operation, responses: mapRecord(operation['responses'], share) }
      : operation;
  return { paths: mapRecord(paths, (_path, item) => mapRecord(item, (_method, one) => operationOf(one))), responses };
}

function completeOperations(item: object | undefined): Json {
  return mapRecord({ ...item }, (_method, operation: unknown) =>
    isRecord(operation) ? withExamples(openQuery(optionalBody(operation))) : operation,
  );
}

/** A body that `OPTIONAL_BODY` marks may be left out. */
function optionalBody({ [OPTIONAL_BODY]: isOptional, requestBody, ...operation }: Json): Json {
  if (!isRecord(requestBody)) return operation;
  return { ...operation, requestBody: isOptional === true ? { ...requestBody, required: false } : requestBody };
}

/** What a route says of its answers, and the problems that it need not name. */
function withCommonProblems(schema: FastifySchema, method: string | string[]): FastifySchema {
  if (!isRecord(schema.response)) return schema;
  return { ...schema, response: { ...commonProblems([method].flat()[0] ?? 'GET'), ...schema.response } };
}

/** Marks a query that takes any key: `openQuery` finds the mark, as parameters of that kind cannot be written before. */
function withFreeQuery(schema: FastifySchema): FastifySchema {
  const { querystring } = schema;
  const isFree = isRecord(querystring) && isRecord(querystring['additionalProperties']);
  return isFree ? Object.assign({}, schema, { [FREE_QUERY]: true }) : schema;
}

/** Documents the keys of a query that have no names: the options of a method. */
function openQuery({ [FREE_QUERY]: isFree, parameters, ...operation }: Json): Json {
  const known = Array.isArray(parameters) ? parameters : [];
  const all = isFree === true ? [...known, FREE_PARAMETER] : known;
  return { ...operation, ...(all.length === 0 ? {} : { parameters: all }) };
}

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
function withOwnExamples(transformed: unknown, original: z.ZodType): unknown {
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

/** The response headers of the original schema, which the type provider drops, and those of every answer. */
function withHeaders(transformed: FastifySchema, original: FastifySchema): FastifySchema {
  if (!isRecord(transformed.response) || !isRecord(original.response)) return transformed;
  const originals = original.response;
  const response = Object.fromEntries(
    Object.entries(transformed.response).map(([status, answer]) => {
      const from = originals[status];
      return [
        status,
        {
          ...(isRecord(answer) ? answer : {}),
          headers: { ...COMMON_HEADERS, ...(isRecord(from) && isRecord(from['headers']) ? from['headers'] : {}) },
        },
      ];
    }),
  );
  return { ...transformed, response };
}
