import { z } from 'zod';
import { MAX_KEY_LENGTH } from '../../../schemas/jobs.ts';
import { type ProblemStatus, problems, type Response } from '../openapi/responses.ts';
import { MAX_WAIT_S } from './submit.ts';

/** Request headers of resources that can answer by a job. `submitJob` reads them. */
export const jobHeadersSchema = z.looseObject({
  prefer: z
    .string()
    .optional()
    .describe(
      `RFC 7240. \`respond-async\`: answer by a job. \`wait=20\`: the result itself, if the job ends within so many seconds (at most ${MAX_WAIT_S})`,
    ),
  'idempotency-key': z
    .string()
    .min(1)
    .max(MAX_KEY_LENGTH)
    .regex(/^[\x20-\x7e]*$/)
    .optional()
    .describe('For jobs: the same key with the same request gives the same job, as long as that is kept'),
});

/** Headers of an answer that is a job, or what one ended with. */
export const jobAnswerHeaders = {
  Location: { type: 'string', description: 'The job' },
  'Retry-After': { type: 'integer', description: 'Seconds' },
  'Preference-Applied': { type: 'string', description: 'What was done of Prefer' },
} as const;

/** The problem answers of a resource that answers by jobs: with `Prefer: wait`, what the job failed with. */
export function jobProblems(...statuses: readonly ProblemStatus[]): Record<string, Response> {
  const answers = Object.entries(problems(...statuses));
  return Object.fromEntries(
    answers.map(([status, answer]) => [status, { ...answer, headers: { ...answer.headers, ...jobAnswerHeaders } }]),
  );
}
