import { z } from 'zod';
import { PROBLEM_TYPE, problemSchema } from '../../../schemas/problem.ts';

/** A response by media type, as the OpenAPI document and the serializer want it. */
export interface Response {
  readonly description: string;
  readonly headers?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly content: Readonly<Record<string, { readonly schema: z.ZodType }>>;
}

/** Why each status is answered. */
const REASONS = {
  400: 'The request, its body, its form, or JSON in its query cannot be parsed, or holds `__proto__`.',
  401: 'The key is missing or unknown; only where the service has keys.',
  403: 'Not for this client.',
  404: 'No such model, version, job or resource.',
  405: 'The path has no such method; Allow names those it has.',
  406: 'None of the media types in Accept can be given.',
  408: 'The request did not arrive in time.',
  409: 'The state of the job does not allow it.',
  413: 'The body, a file, a field or the number of pixels is over its limit.',
  414: 'The URL is too long.',
  415: 'The type of the body is not supported; or the image is empty, truncated, damaged or of a foreign format.',
  421: 'Host is no name of this service; only where it has no keys.',
  422: 'The request breaks the schema, or asks for something that the model cannot give.',
  429: 'Too many requests of this client; Retry-After says when to try again.',
  431: 'The headers are too large, or too many.',
  500: 'Something went wrong that is no fault of the request.',
  502: 'The predictor that was named at the start cannot be reached, or answers no JSON.',
  503: 'The queue or the disk is full, the deadline passed, or a worker was lost twice; Retry-After says when to try again.',
} as const;

export type ProblemStatus = keyof typeof REASONS;

const SECONDS = { type: 'integer', description: 'Seconds' } as const;

/** Headers that come with a status. */
const HEADERS: Readonly<Partial<Record<ProblemStatus, NonNullable<Response['headers']>>>> = {
  401: { 'WWW-Authenticate': { type: 'string', description: 'How a key is given' } },
  405: { Allow: { type: 'string', description: 'The methods of the path' } },
  409: { 'Retry-After': { ...SECONDS, description: 'Seconds, for a job that has not ended' } },
  429: { 'Retry-After': SECONDS },
  503: { 'Retry-After': SECONDS },
};

/** Problems that any request can meet, and those of requests that may have a body. */
const EVERYWHERE: readonly ProblemStatus[] = [400, 401, 403, 405, 414, 421, 429, 431, 500, 503];
const OF_BODIES: readonly ProblemStatus[] = [408, 413, 415];
const BODY_METHODS = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

/** Headers of every answer. */
export const COMMON_HEADERS = {
  'X-Request-Id': { type: 'string', format: 'uuid', description: 'As in the log' },
  'RateLimit-Limit': { type: 'integer', description: 'Points that may be spent in a minute; where there is a limit' },
  'RateLimit-Remaining': { type: 'integer', description: 'Points that are left of them' },
  'RateLimit-Reset': { type: 'integer', description: 'Seconds until all of them are there again' },
} as const;

/** The problem answers that a route need not name. */
export function commonProblems(method: string): Record<string, Response> {
  return problems(...EVERYWHERE, ...(BODY_METHODS.has(method) ? OF_BODIES : []));
}

/** The problem answers of a route. */
export function problems(...statuses: readonly ProblemStatus[]): Record<string, Response> {
  return Object.fromEntries(statuses.map((status) => [String(status), problemResponse(status)]));
}

/** A JSON answer. */
export function json<Schema extends z.ZodType>(description: string, schema: Schema) {
  return { description, content: { 'application/json': { schema } } };
}

/** An answer of bytes, by its media types. */
export function binary(...types: readonly string[]): Record<string, { schema: z.ZodType }> {
  return Object.fromEntries(types.map((type) => [type, { schema: bytes(type) }]));
}

function bytes(contentMediaType: string): z.ZodType {
  return z.unknown().meta({ type: 'string', contentMediaType });
}

function problemResponse(status: ProblemStatus): Response {
  const headers = HEADERS[status];
  return {
    description: REASONS[status],
    ...(headers === undefined ? {} : { headers }),
    content: { [PROBLEM_TYPE]: { schema: problemSchema } },
  };
}
