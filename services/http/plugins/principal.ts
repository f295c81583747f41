import type { FastifyInstance } from 'fastify';
import { ANONYMOUS, type Principal } from '../../access/principal.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** On whose behalf the request is made; known when the first hook of a route runs. */
    principal: Principal;
  }
}

/** Gives every request its principal. */
export function identifyPrincipals(app: FastifyInstance): void {
  app.decorateRequest('principal');
  app.addHook('onRequest', async (request) => {
    request.principal = ANONYMOUS;
  });
}
