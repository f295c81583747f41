import { isIP } from 'node:net';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ElucidError } from '../../../schemas/errors.ts';
import type { Keys } from '../../access/keySources.ts';
import { isLocalOrigin } from '../admin/localOnly.ts';
import { HttpFailure } from '../problem.ts';
import { isUpgrade } from './principal.ts';

/** Methods that only read. */
const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

export interface WebPageOptions {
  /** Names in Host that are the service's own, beside localhost and addresses; `*` for any. */
  readonly hosts: readonly string[];
  /** Origins whose pages may use the service; `*` for any. */
  readonly origins: readonly string[];
}

/**
 * Keeps web pages of others from using the service through a browser of somebody who can reach it, as long as nobody
 * needs a key (no page of others has one):
 * - a page that led its own name to this address (DNS rebinding) has that name in Host;
 * - a page of another origin has that in Origin when it does more than read. It could not read the answers anyway.
 * @throws HttpFailure `misdirected`; ElucidError `forbidden`
 */
export function keepOutWebPages(app: FastifyInstance, keys: Keys, { hosts, origins }: WebPageOptions): void {
  app.addHook('onRequest', async (request) => {
    if (keys.ring.required) return;
    const { host, origin } = request.headers;
    if (host !== undefined && !isOwnName(host, hosts)) {
      const allowed = ['localhost', 'IP addresses', ...hosts].join(', ');
      const received = JSON.stringify(host.slice(0, 100));
      throw new HttpFailure('misdirected', `received Host: ${received}; allowed are ${allowed} (ALLOWED_HOSTS)`);
    }
    if (origin === undefined || (SAFE.has(request.method) && !isUpgrade(request))) return;
    if (isOwnOrigin(origin, request) || origins.includes('*') || origins.includes(origin)) return;
    const received = JSON.stringify(origin.slice(0, 100));
    throw new ElucidError(
      'forbidden',
      `received a request from a page of ${received}; allowed are those of CORS_ORIGINS`,
    );
  });
}

/** Whether a browser that has this in Host did not ask the name system of somebody else for it. */
function isOwnName(host: string, allowed: readonly string[]): boolean {
  if (allowed.includes('*')) return true;
  const name = host.replace(/:\d*$/, '').toLowerCase();
  const bare = name.replace(/^\[|\]$/g, '');
  return bare === 'localhost' || bare.endsWith('.localhost') || isIP(bare) !== 0 || allowed.includes(bare);
}

/** A page that the service served itself, or this machine. */
function isOwnOrigin(origin: string, { host }: FastifyRequest): boolean {
  return isLocalOrigin(origin) || (URL.canParse(origin) && new URL(origin).host === host.toLowerCase());
}
