import type { FastifyBaseLogger, FastifyReply, FastifyRequest } from 'fastify';
import type { Fault } from '../../schemas/errors.ts';
import type { Principal } from '../access/principal.ts';
import { type Loaders, loadersFor } from './loaders.ts';
import type { GraphqlServices } from './services.ts';

/** What to tell a client of an error that is none of GraphQL's own. */
export interface Failure {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly faults: readonly Fault[];
  /** Seconds after which another try makes sense. */
  readonly retryAfter?: number;
}

/** GraphQL beside another protocol in one process. */
export interface GraphqlOptions extends GraphqlServices {
  readonly config: GraphqlServices['config'] & {
    readonly GRAPHQL_INTROSPECTION: boolean;
    readonly GRAPHQL_MAX_COST: number;
  };
  /** What to tell a client of an error that is none of GraphQL's own. */
  readonly failureOf: (error: unknown) => Failure;
  /** Aborts when the client has gone. */
  readonly clientSignal: (reply: FastifyReply) => AbortSignal;
  /** Aborts when the service stops. */
  readonly stopping: AbortSignal;
  /**
   * On whose behalf a subscription is made, by what the client sent first; null refuses it. Default: on behalf of who
   * opened the connection.
   */
  readonly principalOf?: PrincipalOf;
  /** Counts the cost of an operation before it runs; throws what the client is told where it is too much. */
  readonly charge?: (request: FastifyRequest, principal: Principal, cost: number) => Promise<void> | void;
  /** The same for the network rows of an explanation, when they are known. */
  readonly chargeRows?: (request: FastifyRequest, rows: number) => Promise<void>;
}

export type PrincipalOf = (
  connectionParams: Readonly<Record<string, unknown>> | undefined,
  request: FastifyRequest,
) => Promise<Principal | null> | Principal | null;

/** Those who open a connection are those who subscribe. */
export const principalOf: PrincipalOf = (_connectionParams, request) => request.principal;

/** What resolvers know of their operation. */
export interface OperationContext extends GraphqlServices {
  readonly principal: Principal;
  readonly requestId: string;
  readonly log: FastifyBaseLogger;
  /** Aborts when the client has gone. */
  readonly signal: AbortSignal;
  /** Hears of the network rows that an explanation costs; throws when they are too many. */
  readonly admit: (rows: number) => Promise<void>;
  readonly loaders: Loaders;
}

/** The context of one operation. */
export function operationContext(
  options: GraphqlOptions,
  {
    request,
    principal,
    signal,
  }: { readonly request: FastifyRequest; readonly principal: Principal; readonly signal: AbortSignal },
): OperationContext {
  const { service, registry, jobs, uploads, links, config, chargeRows } = options;
  const services = { service, registry, jobs, uploads, links, config };
  return {
    ...services,
    principal,
    requestId: request.id,
    log: request.log,
    signal,
    admit: async (rows) => chargeRows?.(request, rows),
    loaders: loadersFor(services, principal),
  };
}
