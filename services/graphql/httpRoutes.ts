import type { WebsocketHandler } from '@fastify/websocket';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { GraphQLSchema } from 'graphql';
import { Kind } from 'graphql';
import { ElucidError } from '../../schemas/errors.ts';
import { acceptedType } from '../answers/acceptedType.ts';
import { type GraphqlOptions, operationContext } from './context.ts';
import { BadQueryError, formatErrors } from './errors.ts';
import { checkedCost, type ParsedOperation, parseOperation } from './limits/document.ts';
import { PersistedQueries } from './persistedQueries.ts';
import { readGraphqlRequest } from './requestBody.ts';

export interface HttpParts {
  readonly schema: GraphQLSchema;
  readonly options: GraphqlOptions;
  readonly wsHandler: WebsocketHandler;
}

/** Answers; the first stands for an empty `Accept` and for ranges. */
const TYPES = ['application/json', 'application/graphql-response+json'] as const;

/** Headers that no web page can send to another origin without asking first. */
const PREFLIGHT_HEADERS = [
  'graphql-require-preflight',
  'apollo-require-preflight',
  'x-apollo-operation-name',
  'mercurius-require-preflight',
  'x-mercurius-operation-name',
];

const ALLOWED = 'GET, HEAD, POST, OPTIONS';

/**
 * GET and POST /graphql as GraphQL over HTTP says (https://graphql.github.io/graphql-over-http/draft/); a request that
 * cannot be run is answered 400 in both media types. A GET that opens a WebSocket is a connection for subscriptions.
 */
export function httpRoutes(app: FastifyInstance, { schema, options, wsHandler }: HttpParts): void {
  const persisted = new PersistedQueries();
  app.addHook('onRequest', async (request, reply) => {
    if (request.ws) return;
    if (request.method === 'POST') refuseForeignType(request);
    else if (request.method === 'GET' || request.method === 'HEAD') refusePages(request);
    reply.header('vary', 'accept').type(acceptedType(request.headers.accept, TYPES));
  });
  app.setErrorHandler((error, request, reply) => {
    const { failureOf } = options;
    const { status, errors, retryAfter } = formatErrors([error], {
      failureOf,
      requestId: request.id,
      log: request.log,
    });
    if (retryAfter !== undefined) reply.header('retry-after', retryAfter);
    if (!TYPES.some((type) => String(reply.getHeader('content-type')).startsWith(type))) reply.type(TYPES[0]);
    return reply.code(status).send(JSON.stringify({ errors }));
  });

  async function handler(request: FastifyRequest, reply: FastifyReply): Promise<string> {
    const asked = readGraphqlRequest(request);
    const { operationName, variables } = asked;
    const source = await persisted.documentOf(asked);
    const parsed = parseOperation(source, operationName);
    refuseKind(parsed, request, reply);
    const { principal, id: requestId } = request;
    const cost = checkedCost(schema, parsed, variables, options.config.GRAPHQL_MAX_COST);
    await options.charge?.(request, cost);
    const context = operationContext(options, {
      principal,
      requestId,
      signal: options.clientSignal(reply),
      admit: async (rows) => options.chargeRows?.(request, rows),
    });
    const result = await reply.graphql(
      sourceOf(source, parsed),
      { ...context },
      { ...variables },
      operationName ?? undefined,
    );
    return JSON.stringify(result);
  }

  const hidden = { schema: { hide: true } };
  // A page cannot send a key with the request that opens a WebSocket: it comes in the first message.
  app.route({ ...hidden, method: 'GET', url: '/graphql', config: { public: 'upgrade' }, handler, wsHandler });
  app.route({ ...hidden, method: 'POST', url: '/graphql', handler });
  app.route({
    ...hidden,
    ...{ method: 'OPTIONS', url: '/graphql' },
    handler: (_request, reply) => reply.code(204).header('allow', ALLOWED).send(),
  });
  app.route({
    ...hidden,
    ...{ method: ['PUT', 'PATCH', 'DELETE'], url: '/graphql' },
    onRequest: async ({ method }, reply) => {
      reply.header('allow', ALLOWED);
      throw new ElucidError('method-not-allowed', `received ${method}; allowed here are ${ALLOWED}`);
    },
    handler: async () => undefined,
  });
}

/**
 * The text that mercurius keeps the document by. What it has compiled runs whichever operation it was first asked for: a
 * document of several is kept once for each.
 */
function sourceOf(source: string, { document, operation }: ParsedOperation): string {
  const operations = document.definitions.filter(({ kind }) => kind === Kind.OPERATION_DEFINITION);
  return operations.length === 1 ? source : `${source}\n# ${operation.name?.value}`;
}

/** @throws BadQueryError for a mutation by GET, and for a subscription */
function refuseKind(
  { operation: { operation } }: ParsedOperation,
  { method }: FastifyRequest,
  reply: FastifyReply,
): void {
  if (operation === 'subscription') {
    throw new BadQueryError('subscriptions need a WebSocket with the protocol graphql-transport-ws');
  }
  if (operation === 'mutation' && method !== 'POST') {
    reply.header('allow', 'POST, OPTIONS');
    throw new BadQueryError(`received a mutation by ${method}; allowed is POST`, {
      status: 405,
      code: 'method-not-allowed',
    });
  }
}

/** @throws ElucidError `unsupported-media-type`; the types of forms, which pages can send anywhere, are among those */
function refuseForeignType({ headers }: FastifyRequest): void {
  const type = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (type === 'application/json') return;
  const received = type === '' ? 'no Content-Type' : `Content-Type: ${JSON.stringify(type.slice(0, 100))}`;
  throw new ElucidError('unsupported-media-type', `received ${received}; allowed is application/json`);
}

/** Keeps pages of other origins from having somebody's browser ask. @throws BadQueryError */
function refusePages({ headers }: FastifyRequest): void {
  if (headers['content-type']?.startsWith('application/json') || PREFLIGHT_HEADERS.some((name) => name in headers))
    return;
  throw new BadQueryError(
    `a GET needs one of the headers ${PREFLIGHT_HEADERS.join(', ')}, or Content-Type: application/json`,
    { code: 'csrf' },
  );
}
