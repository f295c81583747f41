import { isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';
import { ElucidError } from '../../../schemas/errors.ts';

/** Headers by which proxies tell that a request came through them. */
const PROXY_HEADERS = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'];

/**
 * Lets only programs on the same machine pass, as long as there are no keys: no request that came from
 * another address or through a proxy, and none that a web page of somebody else had a browser send.
 * @throws ElucidError `forbidden`
 */
export function allowOnlyLocal({ socket, headers }: Pick<FastifyRequest, 'socket' | 'headers'>): void {
  const { remoteAddress = '' } = socket;
  if (!isLoopback(remoteAddress)) throw forbidden(`received one from ${remoteAddress}`);
  const proxy = PROXY_HEADERS.find((name) => headers[name] !== undefined);
  if (proxy !== undefined) throw forbidden(`received one through a proxy (${proxy})`);
  if (headers.origin !== undefined && !isLocalOrigin(headers.origin)) {
    throw forbidden(`received one from a page of ${JSON.stringify(headers.origin.slice(0, 100))}`);
  }
}

function isLoopback(address: string): boolean {
  const plain = address.replace(/^::ffff:/i, '');
  return plain === '::1' || (isIP(plain) === 4 && plain.startsWith('127.'));
}

/** Whether a page was served by this machine under a loopback name. */
export function isLocalOrigin(origin: string): boolean {
  if (!URL.canParse(origin)) return false;
  const { hostname } = new URL(origin);
  return hostname === 'localhost' || isLoopback(hostname.replace(/^\[|\]$/g, ''));
}

function forbidden(received: string): ElucidError {
  return new ElucidError('forbidden', `administration is allowed to programs on the same machine only; ${received}`);
}
