import type { components } from './schema.ts';

export type Problem = components['schemas']['Problem'];

/** An answer that is an error: its problem document (RFC 9457). */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(`${problem.status} ${problem.code}: ${problem.detail}`);
    this.problem = problem;
  }
}

/** The data of an answer. @throws ProblemError for an error */
export function unwrap<Data>({ data, error, response }: { data?: Data; error?: unknown; response: Response }): Data {
  if (data !== undefined) return data;
  if (isProblem(error)) throw new ProblemError(error);
  throw new Error(`${response.url} answered ${response.status}`);
}

function isProblem(error: unknown): error is Problem {
  return typeof error === 'object' && error !== null && 'code' in error && 'detail' in error;
}
