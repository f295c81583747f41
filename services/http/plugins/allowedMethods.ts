import { METHODS as HTTP_METHODS } from 'node:http';
import type { FastifyInstance, HTTPMethods } from 'fastify';
import { HttpFailure } from '../problem.ts';

/** All that Node reads; a request to CONNECT never arrives. */
const METHODS = HTTP_METHODS.filter((method) => method !== 'CONNECT');

/** Collects the routes that are added from now on; `close` answers the other methods of their paths. */
export function watchMethods(app: FastifyInstance): { close(): void } {
  for (const method of METHODS) if (!app.supportedMethods.includes(method)) app.addHttpMethod(method);
  const routes = new Map<string, Set<string>>();
  let open = true;
  app.addHook('onRoute', ({ url, method }) => {
    if (!open) return;
    const known = routes.get(url) ?? new Set<string>();
    for (const name of [method].flat()) known.add(name);
    routes.set(url, known);
  });
  return {
    close() {
      open = false;
      for (const [url, known] of routes) answerOthers(app, url, known);
    },
  };
}

/** OPTIONS tells the methods of a path; all others but these are answered 405, before any body is read. */
function answerOthers(app: FastifyInstance, url: string, known: ReadonlySet<string>): void {
  const allow = [...known, ...(known.has('GET') ? ['HEAD'] : []), 'OPTIONS'];
  const allowed = [...new Set(allow)].join(', ');
  const others = app.supportedMethods.filter((method) => !allow.includes(method)) as HTTPMethods[];
  app.route({
    method: 'OPTIONS',
    url,
    schema: { hide: true },
    handler: (_request, reply) => reply.code(204).header('allow', allowed).send(),
  });
  app.route({
    method: others,
    url,
    schema: { hide: true },
    onRequest: async ({ method }, reply) => {
      reply.header('allow', allowed);
      throw new HttpFailure('method-not-allowed', `received ${method}; allowed here are ${allowed}`);
    },
    handler: async () => undefined,
  });
}
