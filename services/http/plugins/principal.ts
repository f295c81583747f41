import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ElucidError } from '../../../schemas/errors.ts';
import { authenticate } from '../../access/authenticate.ts';
import type { KeyRing } from '../../access/keyRing.ts';
import { Keys } from '../../access/keySources.ts';
import { ANONYMOUS, type Principal } from '../../access/principal.ts';
import { allowOnlyLocal } from '../admin/localOnly.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** On whose behalf the request is made; known when the first hook of a route runs. */
    principal: Principal;
    /** Why it may not be served, where that is so. */
    refusal: ElucidError | null;
  }
  interface FastifyContextConfig {
    /** Whether the route needs no key; `upgrade`: WebSockets need none yet, as theirs comes in their first message. */
    readonly public?: boolean | 'upgrade';
    /** Whether the route is for administrators. */
    readonly admin?: boolean;
  }
}

/** Gives every request its principal. Whoever shows no valid key is anonymous, which `requireKeys` refuses later. */
export function identifyPrincipals(app: FastifyInstance, keys: Keys = new Keys()): void {
  app.decorateRequest('principal');
  app.decorateRequest('refusal', null);
  app.addHook('onRequest', async (request) => {
    request.principal = ANONYMOUS;
    try {
      request.principal = authenticate(keys.ring, request.headers);
    } catch (error) {
      if (!(error instanceof ElucidError)) throw error;
      request.refusal = error;
    }
  });
}

/**
 * Refuses who shows no valid key where one is needed, for paths that do not exist too, and who may not administrate.
 * @throws ElucidError `unauthorized`, `forbidden`
 */
export function requireKeys(app: FastifyInstance, keys: Keys): void {
  app.addHook('onRequest', async (request, reply) => {
    if (request.refusal !== null && !isPublic(request)) {
      reply.header('www-authenticate', 'Bearer realm="elucid"');
      throw request.refusal;
    }
    if (request.routeOptions.config.admin === true) allowAdministration(request, keys.ring);
  });
}

/** Whether the request opens a WebSocket: Node's own judgement, as headers alone can pretend it. */
export function isUpgrade({ raw }: FastifyRequest): boolean {
  return 'upgrade' in raw && raw.upgrade === true;
}

function isPublic(request: FastifyRequest): boolean {
  const { public: open = false } = request.routeOptions.config;
  return open === true || (open === 'upgrade' && isUpgrade(request));
}

function allowAdministration(request: FastifyRequest, ring: KeyRing): void {
  if (ring.isEmpty) allowOnlyLocal(request);
  else if (!request.principal.admin) {
    throw new ElucidError('forbidden', 'administration is allowed with an admin key only (ADMIN_KEYS)');
  }
}
