import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { HttpFailure, PROBLEMS, type ProblemCode, problemOf } from '../problem.ts';
import { uuidV7 } from '../requestId.ts';

/** What Node's parser says of bytes that are no request, or come too slowly. */
const PARSER_CODES: Readonly<Record<string, { code: ProblemCode; detail: string }>> = {
  ERR_HTTP_REQUEST_TIMEOUT: { code: 'timeout', detail: 'the request did not arrive in time' },
  HPE_HEADER_OVERFLOW: { code: 'header-too-large', detail: 'the headers are larger than 16 KiB' },
};

const MALFORMED = { code: 'bad-body', detail: 'the bytes are no HTTP request' } as const;

/** Answers what never became a request, as a problem too, and closes the connection. */
export function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const { code, detail } = PARSER_CODES[error.code ?? ''] ?? MALFORMED;
  answerAndClose(socket, new HttpFailure(code, detail));
}

/** Writes a problem as a whole answer onto a connection without a request, and closes it. */
export function answerAndClose(socket: Socket, failure: HttpFailure): void {
  const { status, title, retryAfter } = PROBLEMS[failure.code];
  const id = uuidV7();
  const body = JSON.stringify(problemOf(failure, id));
  const head = [
    `HTTP/1.1 ${status} ${title}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...(retryAfter === undefined ? [] : [`Retry-After: ${retryAfter}`]),
    `X-Request-Id: ${id}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

/**
 * Requests with an expectation that nobody knows are answered like all others (RFC 9110, 10.1.1, leaves that free); Node
 * itself would answer 417 without a body.
 */
export function ignoreExpectations(server: Server): void {
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
}

/** Refuses requests of HTTP/1.1 without a Host (RFC 9112, 3.2). */
export function requireHost(app: FastifyInstance): void {
  app.addHook('onRequest', async ({ raw: { headers, httpVersion } }) => {
    if (headers.host === undefined && httpVersion === '1.1')
      throw new HttpFailure('bad-body', 'the header Host is missing');
  });
}
