import type { WebSocket } from '@fastify/websocket';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Kind } from 'graphql';
import { BadQueryError } from './badQuery.ts';
import { type GraphqlOptions, operationContext } from './context.ts';
import { formatErrors } from './errors.ts';
import { type ExecutionAnswer, openExecutor } from './executor.ts';
import { checkedCost, limitRules, type ParsedOperation, parseOperation } from './limits/document.ts';
import { PersistedQueries } from './persistedQueries.ts';
import { readGraphqlRequest } from './requestBody.ts';
import { buildGraphqlSchema } from './schema.ts';
import { subscriptionServer } from './subscriptions.ts';

/** GraphQL behind its routes. */
export interface GraphqlEngine {
  /** Runs the operation of a request; sets the status. @throws what keeps it from running */
  answer(request: FastifyRequest, reply: FastifyReply): Promise<ExecutionAnswer>;
  /** The answer to an error that kept an operation from running; sets the status. */
  refusal(error: unknown, request: FastifyRequest, reply: FastifyReply): ExecutionAnswer;
  /** Serves a WebSocket. */
  connect(socket: WebSocket, request: FastifyRequest): void;
}

export async function openEngine(options: GraphqlOptions): Promise<GraphqlEngine> {
  const { config, failureOf, charge, clientSignal } = options;
  const schema = buildGraphqlSchema();
  const rules = limitRules({ introspection: config.GRAPHQL_INTROSPECTION });
  const execute = await openExecutor(schema, rules, failureOf);
  const persisted = new PersistedQueries();
  return {
    connect: subscriptionServer(schema, rules, options),
    answer: async (request, reply) => {
      const asked = readGraphqlRequest(request);
      const { operationName, variables } = asked;
      const source = await persisted.documentOf(asked);
      const parsed = parseOperation(source, operationName);
      refuseKind(parsed, request, reply);
      const { principal } = request;
      const cost = checkedCost(schema, parsed, variables, config.GRAPHQL_MAX_COST);
      await charge?.(request, principal, cost);
      const context = operationContext(options, { request, principal, signal: clientSignal(reply) });
      const answer = await execute(sourceOf(source, parsed), context, variables, operationName);
      if (answer.data === undefined) reply.code(400);
      return answer;
    },
    refusal: (error, { id: requestId, log }, reply) => {
      const { status, errors, retryAfter } = formatErrors([error], { failureOf, requestId, log });
      if (retryAfter !== undefined) reply.header('retry-after', retryAfter);
      reply.code(status);
      return { errors };
    },
  };
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
