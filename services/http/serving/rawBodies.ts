import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { parseJson } from '../parseJson.ts';
import { validateAllButBody } from '../plugins/validation.ts';

/**
 * Hands bodies of any type, and of none, to the routes as bytes, unchecked. To be called inside an encapsulated plugin.
 */
export function takeRawBodies(app: FastifyInstance) {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.setValidatorCompiler(validateAllButBody);
  return app.withTypeProvider<ZodTypeProvider>();
}

/** The bytes of a request; none where it has no body. */
export function rawBody(body: unknown): Buffer {
  return Buffer.isBuffer(body) ? body : Buffer.alloc(0);
}

/** Parses a body of JSON. @throws ElucidError `bad-body` */
export function parseJsonBytes(bytes: Buffer): unknown {
  return parseJson(bytes.toString('utf8'));
}
