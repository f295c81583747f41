import type { GraphQLError } from 'graphql';

/** A document, or the request around it, that GraphQL or its limits refuse. */
export class BadQueryError extends Error {
  override readonly name = 'BadQueryError';
  readonly status: number;
  readonly code: string;
  /** GraphQL's own errors, with their places in the document. */
  readonly errors: readonly GraphQLError[];

  constructor(message: string, { status = 400, code = BAD_QUERY, errors = [] }: BadQueryOptions = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.errors = errors;
  }
}

interface BadQueryOptions {
  readonly status?: number;
  readonly code?: string;
  readonly errors?: readonly GraphQLError[];
}

/** Code of a document that cannot be run. */
export const BAD_QUERY = 'bad-query';
