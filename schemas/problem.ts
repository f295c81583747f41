import { z } from 'zod';

/** An error answer, application/problem+json (RFC 9457). */
export const problemSchema = z
  .object({
    type: z.string().describe('URN of the kind of problem'),
    title: z.string().describe('The kind of problem, in words'),
    status: z.int().describe('The status code'),
    detail: z.string().describe('What was wrong, what was received and what is allowed'),
    instance: z.string().describe('URN of this occurrence'),
    code: z.string().describe('Stable code of the kind of problem, for programs'),
    request_id: z.string().describe('As in the log, and in the header X-Request-Id'),
    errors: z
      .array(z.object({ pointer: z.string().describe('JSON pointer into the request'), detail: z.string() }))
      .describe('Every fault of the request'),
    error: z.string().optional().describe('The detail once more, under /v1 and /v2'),
  })
  .meta({
    id: 'Problem',
    examples: [
      {
        type: 'urn:elucid:problem:invalid',
        title: 'The request is invalid',
        status: 422,
        detail: 'method must be one of deep-taylor, sensitivity; received "lpr"',
        instance: 'urn:uuid:01a20974-0fca-798c-a18d-bd8d3c111c9c',
        code: 'invalid',
        request_id: '01a20974-0fca-798c-a18d-bd8d3c111c9c',
        errors: [{ pointer: '/method', detail: 'method must be one of deep-taylor, sensitivity; received "lpr"' }],
      },
    ],
  });

export type Problem = z.output<typeof problemSchema>;

export const PROBLEM_TYPE = 'application/problem+json';
