import type { FastifyBaseLogger } from 'fastify';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { BAD_QUERY, BadQueryError } from './badQuery.ts';
import type { Failure } from './context.ts';

/** Errors for a client, and the status of an answer that has nothing but them. */
export interface FormattedErrors {
  readonly status: number;
  readonly errors: readonly GraphQLFormattedError[];
  readonly retryAfter: number | undefined;
}

export interface ErrorFormatting {
  readonly failureOf: (error: unknown) => Failure;
  readonly requestId: string;
  readonly log: FastifyBaseLogger;
}

/**
 * Errors of an operation, or one that was thrown before it ran, as a client sees them: `extensions.code` is that of the
 * same problem over REST, `extensions.errors` are its faults. Nothing is told of an unexpected error but the request id,
 * by which the log has it.
 */
export function formatErrors(errors: readonly unknown[], formatting: ErrorFormatting): FormattedErrors {
  const formatted = errors.flatMap(expanded).map((error) => formatError(error, formatting));
  return {
    status: formatted[0]?.status ?? 400,
    errors: formatted.map(({ error }) => error),
    retryAfter: formatted[0]?.retryAfter,
  };
}

/** An error that stands for several is those. */
function expanded(error: unknown): readonly unknown[] {
  const original = error instanceof GraphQLError ? (error.originalError ?? error) : error;
  if (original instanceof BadQueryError) return original.errors.length > 0 ? original.errors : [original];
  // mercurius' own error of a document that cannot be run.
  if (original instanceof Error && 'errors' in original && Array.isArray(original.errors)) return original.errors;
  return [error];
}

interface OneError {
  readonly status: number;
  readonly error: GraphQLFormattedError;
  readonly retryAfter?: number | undefined;
}

function formatError(error: unknown, { failureOf, requestId, log }: ErrorFormatting): OneError {
  const place = error instanceof GraphQLError ? error.toJSON() : { message: '' };
  const original = error instanceof GraphQLError ? error.originalError : error;
  if (original === undefined || original instanceof GraphQLError) {
    const extensions = { code: BAD_QUERY, request_id: requestId };
    return { status: 400, error: { ...place, extensions } };
  }
  if (original instanceof BadQueryError) {
    const { status, code, message } = original;
    return { status, error: { ...place, message, extensions: { code, request_id: requestId } } };
  }
  const { status, code, detail, faults, retryAfter } = failureOf(original);
  if (code === 'internal') log.error({ err: original }, 'unexpected error');
  else log.info({ code, detail }, 'operation refused');
  const extensions = { code, errors: faults, request_id: requestId };
  return { status, retryAfter, error: { ...place, message: detail, extensions } };
}
