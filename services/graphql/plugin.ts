import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import mercurius from 'mercurius';
import type { GraphqlOptions } from './context.ts';
import { formatErrors } from './errors.ts';
import { httpRoutes } from './httpRoutes.ts';
import { limitRules, PARSE_OPTIONS } from './limits/document.ts';
import { buildGraphqlSchema } from './schema.ts';
import { webSocketHandler } from './webSockets.ts';

/** Documents that are kept parsed, validated and compiled. */
const MAX_DOCUMENTS = 256;

/** How often a document comes before it is compiled. */
const COMPILE_AFTER = 3;

/**
 * GraphQL at /graphql; encapsulated. mercurius keeps, validates, compiles and runs documents. Its own routes coerce types,
 * take syntax trees as JSON, and answer neither by Accept nor with 405: ours are in httpRoutes; subscriptions are served by
 * the reference implementation of their protocol, as mercurius validates none.
 */
export async function graphql(app: FastifyInstance, options: GraphqlOptions): Promise<void> {
  const schema = buildGraphqlSchema();
  const rules = limitRules({ introspection: options.config.GRAPHQL_INTROSPECTION });
  app.removeContentTypeParser('text/plain');
  await app.register(mercurius, {
    schema,
    routes: false,
    cache: MAX_DOCUMENTS,
    jit: COMPILE_AFTER,
    validationRules: [...rules],
    graphql: { parseOptions: PARSE_OPTIONS },
    errorFormatter: (execution, { reply }) => {
      const { id: requestId, log }: { id: string; log: FastifyBaseLogger } = reply.request;
      const { status, errors } = formatErrors(execution.errors ?? [], { ...options, requestId, log });
      // An operation that has run has data, null where it must not be missing.
      const ran = execution.data !== undefined;
      return { statusCode: ran ? 200 : status, response: { ...(ran ? { data: execution.data } : {}), errors } };
    },
  });
  httpRoutes(app, { schema, options, wsHandler: webSocketHandler(schema, rules, options) });
}
