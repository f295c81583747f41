import type { FastifyInstance } from 'fastify';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of many shapes
  readonly data: any;
  readonly errors:
    | readonly {
        readonly message: string;
        readonly path?: readonly (string | number)[];
        readonly extensions: { readonly code: string; readonly errors?: unknown; readonly request_id: string };
      }[]
    | undefined;
}

/** Asks an app without a socket. */
export function asker(app: () => FastifyInstance) {
  return async (
    query: string,
    variables: Readonly<Record<string, unknown>> = {},
    more: { readonly headers?: Record<string, string>; readonly operationName?: string } = {},
  ): Promise<Answer> => {
    const { headers = {}, ...rest } = more;
    const payload = { query, variables, ...rest };
    const answer = await app().inject({ method: 'POST', url: '/graphql', payload, headers });
    return { status: answer.statusCode, headers: answer.headers, data: undefined, errors: undefined, ...answer.json() };
  };
}

export const DIGIT = { shape: [1, 28, 28], data: Array.from({ length: 784 }, (_, i) => (i % 2) / 2) };
export const REQUEST = { model: 'digits', input: { tensor: DIGIT } };
export const EXPLAIN = 'query ($request: ExplainInput!) { explain(request: $request) ';
