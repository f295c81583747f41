import type { WebSocket } from '@fastify/websocket';
import type { FastifyRequest } from 'fastify';
import {
  type ExecutionArgs,
  GraphQLError,
  type GraphQLSchema,
  specifiedRules,
  type ValidationRule,
  validate,
} from 'graphql';
import { CloseCode, type Context, makeServer, type SubscribePayload } from 'graphql-ws';
import type { Principal } from '../access/principal.ts';
import { BadQueryError } from './badQuery.ts';
import { type GraphqlOptions, operationContext, principalOf as ownPrincipal } from './context.ts';
import { formatErrors } from './errors.ts';
import { checkedCost, parseOperation } from './limits/document.ts';

/** Most subscriptions of a connection. */
const MAX_SUBSCRIPTIONS = 16;

/** Longest that a connection may take to say who it is for. */
const INIT_MS = 5000;

/** Time between two pings; a connection that answered none of them is cut. */
const PING_MS = 15_000;

/** How long clients may take to answer the end of their connection when the service stops. */
const CLOSE_MS = 1000;

/** What is known of a connection. */
interface Connection {
  readonly request: FastifyRequest;
  /** Aborts when it is closed. */
  readonly signal: AbortSignal;
  principal: Principal | null;
}

type ConnectionContext = Context<Record<string, unknown>, Connection>;

/** Serves subscriptions over `graphql-transport-ws`; queries and mutations go over HTTP. */
export function subscriptionServer(
  schema: GraphQLSchema,
  rules: readonly ValidationRule[],
  options: GraphqlOptions,
): (socket: WebSocket, request: FastifyRequest) => void {
  const { failureOf, principalOf = ownPrincipal } = options;
  const allRules = [...specifiedRules, ...rules];
  const formatted = ({ request }: Connection, errors: readonly GraphQLError[]) =>
    formatErrors(errors, { failureOf, requestId: request.id, log: request.log }).errors;
  const server = makeServer<Record<string, unknown>, Connection>({
    connectionInitWaitTimeout: INIT_MS,
    onConnect: async ({ connectionParams, extra }) => {
      extra.principal = await principalOf(connectionParams, extra.request);
      return extra.principal !== null;
    },
    onSubscribe: async (context, _id, payload) => {
      try {
        return await prepare(context, payload);
      } catch (error) {
        if (!(error instanceof Error)) throw error;
        return [new GraphQLError(error.message, { originalError: error })];
      }
    },
    onNext: ({ extra }, _id, _payload, _args, { data = null, errors }) =>
      errors === undefined ? undefined : { data, errors: formatted(extra, errors) },
    onError: ({ extra }, _id, _payload, errors) => formatted(extra, errors as readonly GraphQLError[]),
  });

  /** @throws BadQueryError, and what `charge` throws */
  async function prepare(
    { extra: { request, principal, signal }, subscriptions }: ConnectionContext,
    { query, operationName, variables }: SubscribePayload,
  ): Promise<ExecutionArgs> {
    if (principal === null) throw new Error('a connection without a principal was acknowledged');
    if (Object.keys(subscriptions).length > MAX_SUBSCRIPTIONS) {
      throw new BadQueryError(`a connection may have ${MAX_SUBSCRIPTIONS} subscriptions`, { code: 'too-many' });
    }
    const parsed = parseOperation(query, operationName ?? null);
    if (parsed.operation.operation !== 'subscription') {
      throw new BadQueryError(`received a ${parsed.operation.operation}; allowed here are subscriptions`);
    }
    const errors = validate(schema, parsed.document, allRules);
    if (errors.length > 0) throw new BadQueryError('the document is not valid', { errors });
    const variableValues = variables ?? {};
    const cost = checkedCost(schema, parsed, variableValues, options.config.GRAPHQL_MAX_COST);
    await options.charge?.(request, principal, cost);
    const contextValue = operationContext(options, { request, principal, signal });
    return { schema, document: parsed.document, operationName: operationName ?? null, variableValues, contextValue };
  }

  return (socket, request) => {
    const left = new AbortController();
    const closed = server.opened(
      {
        protocol: socket.protocol,
        send: (data) => sendText(socket, data),
        close: (code, reason) => socket.close(code, reason),
        onMessage: (receive) =>
          socket.on('message', (data) => {
            receive(String(data)).catch((error: unknown) => {
              request.log.error({ err: error }, 'unexpected error');
              socket.close(CloseCode.InternalServerError, 'internal error');
            });
          }),
      },
      { request, signal: left.signal, principal: null },
    );
    closeOn(options.stopping, socket);
    const endPings = keepAlive(socket);
    socket.once('close', (code, reason) => {
      endPings();
      left.abort();
      closed(code, String(reason)).catch((error: unknown) => request.log.error({ err: error }, 'unexpected error'));
    });
  };
}

/** Resolves when the message is with the network: whoever waits for it makes no more than is read. */
function sendText(socket: WebSocket, data: string): Promise<void> {
  return new Promise((resolve, reject) => {
    if (socket.readyState !== socket.OPEN) resolve();
    else socket.send(data, (error) => (error ? reject(error) : resolve()));
  });
}

/** Closes a connection when the service stops, and cuts it when the client does not answer that. */
function closeOn(stopping: AbortSignal, socket: WebSocket): void {
  const stop = () => {
    socket.close(1001, 'the service is stopping');
    setTimeout(() => socket.terminate(), CLOSE_MS).unref();
  };
  if (stopping.aborted) stop();
  stopping.addEventListener('abort', stop);
  socket.once('close', () => stopping.removeEventListener('abort', stop));
}

/** Cuts a connection that answers no pings; returns what ends that. */
function keepAlive(socket: WebSocket): () => void {
  let alive = true;
  socket.on('pong', () => {
    alive = true;
  });
  const timer = setInterval(() => {
    if (!alive) socket.terminate();
    alive = false;
    socket.ping();
  }, PING_MS);
  return () => clearInterval(timer);
}
