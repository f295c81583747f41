import type { FastifyReply } from 'fastify';

/** Answers with JSON that is written already. */
export function sendJson(reply: FastifyReply, json: string, status = 200): FastifyReply {
  return reply.code(status).type('application/json').send(Buffer.from(json));
}
