import type { FastifyReply } from 'fastify';
import { ElucidError } from '../../schemas/errors.ts';

/**
 * A signal that aborts when the client goes away before its answer. (`request.signal` of Fastify aborts as soon as the
 * body of a POST was read.)
 */
export function clientSignal(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  const leave = () => {
    if (!reply.raw.writableFinished) controller.abort(new ElucidError('gone', 'the client went away'));
  };
  if (reply.raw.closed) leave();
  else reply.raw.once('close', leave);
  return controller.signal;
}
