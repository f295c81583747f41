import type { FastifyInstance } from 'fastify';
import { HttpFailure } from '../problem.ts';

/** Bytes of the request line and all headers together; Node's parser counts them. */
export const MAX_HEADER_BYTES = 16 * 1024;

const MAX_HEADERS = 100;

const MAX_URL_CHARACTERS = 8 * 1024;

/** Refuses requests whose URL is too long, or that have too many headers. @throws HttpFailure */
export function limitRequests(app: FastifyInstance): void {
  app.addHook('onRequest', async ({ raw }) => {
    const length = raw.url?.length ?? 0;
    if (length > MAX_URL_CHARACTERS) {
      throw new HttpFailure('url-too-long', `the URL has ${length} characters; allowed are ${MAX_URL_CHARACTERS}`);
    }
    const headers = raw.rawHeaders.length / 2;
    if (headers > MAX_HEADERS) {
      throw new HttpFailure('header-too-large', `received ${headers} headers; allowed are ${MAX_HEADERS}`);
    }
  });
}
