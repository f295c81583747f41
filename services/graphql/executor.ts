import fastify from 'fastify';
import type { GraphQLSchema, ValidationRule } from 'graphql';
import mercurius, { type MercuriusContext } from 'mercurius';
import type { Failure, OperationContext } from './context.ts';
import { formatErrors } from './errors.ts';
import { PARSE_OPTIONS } from './limits/document.ts';

declare module 'mercurius' {
  interface MercuriusContext extends OperationContext {}
}

/** Documents that are kept parsed, validated and compiled. */
const MAX_DOCUMENTS = 256;

/** How often a document comes before it is compiled. */
const COMPILE_AFTER = 3;

/** What an operation gave; no data where it could not be run. */
export interface ExecutionAnswer {
  readonly data?: unknown;
  readonly errors?: readonly unknown[];
}

/** Runs an operation of a document. @throws an error with the faults of a document that is not valid, in `errors` */
export type Execute = (
  source: string,
  context: OperationContext,
  variables: Readonly<Record<string, unknown>>,
  operationName: string | null,
) => Promise<ExecutionAnswer>;

/**
 * mercurius without its routes, in an app of its own that never listens: it keeps, validates, compiles and runs documents.
 * Its routes coerce types, take syntax trees as JSON, and answer neither by Accept nor with 405.
 */
export async function openExecutor(
  schema: GraphQLSchema,
  rules: readonly ValidationRule[],
  failureOf: (error: unknown) => Failure,
): Promise<Execute> {
  const host = fastify({ logger: false });
  await host.register(mercurius, {
    schema,
    routes: false,
    cache: MAX_DOCUMENTS,
    jit: COMPILE_AFTER,
    validationRules: [...rules],
    graphql: { parseOptions: PARSE_OPTIONS },
    errorFormatter: ({ data, errors = [] }, { requestId, log }: MercuriusContext) => {
      const formatted = formatErrors(errors, { failureOf, requestId, log });
      // An operation that has run has data, null where it must not be missing.
      const response = data === undefined ? {} : { data };
      return { statusCode: formatted.status, response: { ...response, errors: [...formatted.errors] } };
    },
  });
  await host.ready();
  return (source, context, variables, operationName) =>
    host.graphql(source, { ...context }, { ...variables }, operationName ?? undefined);
}
