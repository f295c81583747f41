import helmet from '@fastify/helmet';
import type { FastifyInstance } from 'fastify';
import type { Keys } from '../../access/keySources.ts';

export interface SecurityHeaderOptions {
  readonly keys: Keys;
  /** Whether pages of other origins may embed answers. */
  readonly crossOrigin: boolean;
}

/**
 * Headers for browsers: answers are data, in which nothing runs or loads (/docs has a policy of its own). No upgrade to
 * https, which is for a proxy in front to offer. With keys no cache between may keep an answer for somebody else.
 */
export async function secureHeaders(app: FastifyInstance, { keys, crossOrigin }: SecurityHeaderOptions): Promise<void> {
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { 'default-src': ["'none'"], 'base-uri': ["'none'"], 'frame-ancestors': ["'none'"] },
    },
    strictTransportSecurity: false,
    crossOriginResourcePolicy: { policy: crossOrigin ? 'cross-origin' : 'same-origin' },
    xFrameOptions: { action: 'deny' },
  });
  app.addHook('onSend', async ({ routeOptions }, reply) => {
    if (!keys.ring.required || routeOptions.config.public === true) return;
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'private, no-cache');
    const varies = [reply.getHeader('vary') ?? []].flat().join(', ');
    reply.header('vary', [varies, 'authorization, x-api-key'].filter((name) => name !== '').join(', '));
  });
}
