import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Job, JobKind } from '../../../schemas/jobs.ts';
import type { FinishedJob } from '../../jobs/jobs.ts';
import type { JobOutput } from '../../jobs/store.ts';
import { sendProblem } from '../plugins/problems.ts';
import type { Failure, ProblemCode } from '../problem.ts';
import { PROBLEMS } from '../problem.ts';

/** What goes to the client: `body` is bytes, a stream, or a value to be sent as JSON. */
export interface Presentation {
  readonly contentType: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/**
 * Writes the result of a job as a client wants it.
 * @param accept the header of the request
 * @throws ElucidError `not-acceptable`
 */
export type PresentJob = (job: Job, output: JobOutput, accept: string | undefined) => Promise<Presentation>;

/** How the results of each kind of job are written. */
export type JobPresenters = Readonly<Partial<Record<JobKind, PresentJob>>>;

/** Sends the result of a job that has ended by itself, or as a problem what it failed with. */
export async function sendResult(
  { job, output }: FinishedJob,
  presenters: JobPresenters,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  if (output === null) return sendProblem(failureOf(job), request, reply);
  const present = presenters[job.kind];
  if (present === undefined) throw new Error(`results of kind ${job.kind} cannot be written`);
  const { contentType, headers, body } = await present(job, output, request.headers.accept);
  return reply.code(200).headers(headers).header('vary', 'accept').type(contentType).send(body);
}

function failureOf({ error, id }: Job): Failure {
  if (error === null) throw new Error(`job ${id} has neither a result nor an error`);
  const code = isProblemCode(error.code) ? error.code : 'internal';
  return { code, detail: error.detail, faults: error.errors };
}

function isProblemCode(code: string): code is ProblemCode {
  return code in PROBLEMS;
}
