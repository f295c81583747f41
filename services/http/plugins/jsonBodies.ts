import type { FastifyInstance } from 'fastify';
import { ElucidError } from '../../../schemas/errors.ts';
import { parseJson } from '../parseJson.ts';

/** Reads JSON bodies with our own bounds and words, in place of Fastify's parser. */
export function readJsonBodies(app: FastifyInstance): void {
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => {
    try {
      done(null, parseJson(textOf(body)));
    } catch (error) {
      done(error as Error);
    }
  });
}

/** @throws ElucidError `bad-body` for an empty one */
function textOf(body: string | Buffer): string {
  const text = body.toString();
  if (text === '') throw new ElucidError('bad-body', 'the body is empty; allowed is JSON');
  return text;
}
