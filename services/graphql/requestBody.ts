import type { FastifyRequest } from 'fastify';
import secureJson from 'secure-json-parse';
import { z } from 'zod';
import { ElucidError } from '../../schemas/errors.ts';
import { parseOrRefuse } from '../../schemas/faults.ts';
import { BadQueryError } from './badQuery.ts';

const map = z.record(z.string(), z.unknown());

/** The parameters of GraphQL over HTTP; null is as good as nothing, and what is not known is ignored. */
const requestSchema = z.object({
  query: z.string().nullish(),
  operationName: z.string().nullish(),
  variables: map.nullish(),
  extensions: map.nullish(),
});

/** A GraphQL request, by whichever method. */
export interface GraphqlRequest {
  readonly query: string | null;
  readonly operationName: string | null;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly extensions: Readonly<Record<string, unknown>>;
}

/** @throws BadQueryError for what is no well-formed request, a list of several among them */
export function readGraphqlRequest(request: FastifyRequest): GraphqlRequest {
  const given = request.method === 'POST' ? request.body : fromQuery(Object(request.query));
  if (Array.isArray(given)) throw new BadQueryError('received a list of requests; allowed is one');
  try {
    const { query, operationName, variables, extensions } = parseOrRefuse(requestSchema, given);
    return {
      ...{ query: query ?? null, operationName: operationName || null },
      ...{ variables: variables ?? {}, extensions: extensions ?? {} },
    };
  } catch (error) {
    if (error instanceof ElucidError) throw new BadQueryError(error.message);
    throw error;
  }
}

/** In a query, variables and extensions are JSON. */
function fromQuery(query: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { variables, extensions, ...rest } = query;
  return { ...rest, variables: parsed('variables', variables), extensions: parsed('extensions', extensions) };
}

function parsed(name: string, text: unknown): unknown {
  if (typeof text !== 'string' || text === '') return undefined;
  try {
    return secureJson.parse(text, undefined, { protoAction: 'error', constructorAction: 'error' });
  } catch {
    throw new BadQueryError(`${name} must be JSON; received ${JSON.stringify(text.slice(0, 60))}`);
  }
}
