import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ElucidError } from '../../schemas/errors.ts';
import { acceptedType } from '../answers/acceptedType.ts';
import { BadQueryError } from './badQuery.ts';
import type { GraphqlOptions } from './context.ts';
import type { GraphqlEngine } from './engine.ts';
import { refuseManySockets } from './webSockets.ts';

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
 * Encapsulated. What runs GraphQL is loaded by the first who asks: that takes as long as all the rest of the start.
 */
export async function graphql(app: FastifyInstance, options: GraphqlOptions): Promise<void> {
  let opening: Promise<GraphqlEngine> | null = null;
  const engine = () => {
    opening ??= import('./engine.ts').then(({ openEngine }) => openEngine(options));
    return opening;
  };
  app.removeContentTypeParser('text/plain');
  app.addHook('onRequest', async (request, reply) => {
    if (request.ws) return refuseManySockets(app);
    if (request.method === 'POST') refuseForeignType(request);
    else if (request.method === 'GET' || request.method === 'HEAD') refusePages(request);
    reply.header('vary', 'accept').type(acceptedType(request.headers.accept, TYPES));
  });
  app.setErrorHandler(async (error, request, reply) => {
    if (!TYPES.some((type) => String(reply.getHeader('content-type')).startsWith(type))) reply.type(TYPES[0]);
    return JSON.stringify((await engine()).refusal(error, request, reply));
  });
  const handler = async (request: FastifyRequest, reply: FastifyReply) =>
    JSON.stringify(await (await engine()).answer(request, reply));
  const hidden = { schema: { hide: true } };
  app.route({
    ...{ ...hidden, method: 'GET', url: '/graphql', handler },
    // A page cannot send a key with the request that opens a WebSocket: it comes in the first message.
    config: { public: 'upgrade' },
    wsHandler: async (socket, request) => {
      // Nothing that comes meanwhile is lost.
      socket.pause();
      const { connect } = await engine();
      if (socket.readyState !== socket.OPEN) return;
      connect(socket, request);
      socket.resume();
    },
  });
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
