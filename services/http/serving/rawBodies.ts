import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import secureJson from 'secure-json-parse';
import { ElucidError } from '../../../schemas/errors.ts';
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

/** Parses JSON, with the refusals of Fastify's own parser. @throws ElucidError `bad-body` */
export function parseJson(bytes: Buffer): unknown {
  try {
    return secureJson.parse(bytes.toString('utf8'), undefined, { protoAction: 'error', constructorAction: 'error' });
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unreadable';
    throw new ElucidError('bad-body', `the body is not valid JSON: ${reason.slice(0, 200)}`);
  }
}
