import type { Socket } from 'node:net';
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
  const body = JSON.stringify(problemOf(failure, uuidV7()));
  const head = [
    `HTTP/1.1 ${status} ${title}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...(retryAfter === undefined ? [] : [`Retry-After: ${retryAfter}`]),
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
