import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ElucidError } from '../../../schemas/errors.ts';
import { PROBLEM_TYPE } from '../../../schemas/problem.ts';
import { type Failure, failureOf, HttpFailure, PROBLEMS, problemOf } from '../problem.ts';

/** The model-serving protocols read what went wrong from `error`. */
const ERROR_PATHS = /^\/v[12](?=[/?]|$)/;

/** Answers every error, of ours or of Fastify's, as application/problem+json; an unexpected one is logged with its stack. */
export function answerProblems(app: FastifyInstance): void {
  app.setErrorHandler((error, request, reply) => {
    const failure = hasLeft(request) ? failureOf(new ElucidError('gone', 'the client went away')) : failureOf(error);
    if (failure.code === 'internal') request.log.error({ err: error }, 'unexpected error');
    else request.log.info({ code: failure.code, detail: failure.detail }, 'request refused');
    return sendProblem(failure, request, reply);
  });
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0] ?? '';
    return sendProblem(
      new HttpFailure('unknown-route', `no ${path.slice(0, 200)} here; see / for what there is`),
      request,
      reply,
    );
  });
}

/** Whether the client went away before its request had come whole: what fails then is what is missing. */
function hasLeft({ raw }: FastifyRequest): boolean {
  return raw.destroyed && !raw.complete;
}

/** The answer to a failure. */
export function sendProblem(failure: Failure, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { status, retryAfter } = PROBLEMS[failure.code];
  if (retryAfter !== undefined) reply.header('retry-after', retryAfter);
  // Hooks have not run where the router refuses a request.
  reply.header('x-request-id', request.id);
  return reply
    .code(status)
    .type(PROBLEM_TYPE)
    .send(problemOf(failure, request.id, ERROR_PATHS.test(request.url)));
}
