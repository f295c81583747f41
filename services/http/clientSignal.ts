import type { FastifyReply } from 'fastify';
import { ElucidError } from '../../schemas/errors.ts';

/**
 * A signal that aborts when the client goes away before its answer. (`request.signal` of Fastify aborts as soon as the
 * body of a POST was read.)
 */
export function clientSignal(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) controller.abort(new ElucidError('gone', 'the client went away'));
  });
  return controller.signal;
}
