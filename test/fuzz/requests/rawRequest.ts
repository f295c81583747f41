import { connect } from 'node:net';

/** A request as it is written on the wire, good or bad. */
export interface RawRequest {
  readonly method: string;
  /** The request target: path and query, unchecked. */
  readonly target: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer;
  /** How many bytes of the body are kept back, though Content-Length counts them. */
  readonly missing: number;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer;
}

/** Longest that an answer may take. */
const DEADLINE_MS = 30_000;

/** Sends a request on a connection of its own; null when that was closed without an answer. @throws Error after 30 s */
export function sendRaw(port: number, request: RawRequest): Promise<RawAnswer | null> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    const done = (settle: () => void) => {
      clearTimeout(timer);
      socket.destroy();
      settle();
    };
    const finish = () => done(() => resolve(parseAnswer(Buffer.concat(chunks))));
    const timer = setTimeout(() => done(() => reject(new Error(`no answer within ${DEADLINE_MS} ms`))), DEADLINE_MS);
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      // A stream of events lasts as long as its job: its head is enough.
      if (/^HTTP\/1\.1 200 [\s\S]*content-type: text\/event-stream[\s\S]*\r\n\r\n/i.test(chunk.toString('latin1')))
        finish();
    });
    socket.once('end', finish);
    socket.once('close', finish);
    // The service may refuse a request, and close, before it was sent to its end.
    socket.on('error', finish);
    socket.write(requestHead(request));
    const sent = request.body.subarray(0, Math.max(0, request.body.length - request.missing));
    if (sent.length > 0) socket.write(sent);
    if (request.missing > 0) socket.end();
  });
}

function requestHead({ method, target, headers, body }: RawRequest): Buffer {
  const names = headers.map(([name]) => name.toLowerCase());
  const own: (readonly [string, string])[] = [
    ...(names.includes('host') ? [] : [['Host', '127.0.0.1'] as const]),
    ...(names.includes('content-length') || names.includes('transfer-encoding')
      ? []
      : [['Content-Length', String(body.length)] as const]),
    ['Connection', 'close'],
  ];
  const lines = [...own, ...headers].map(([name, value]) => `${name}: ${value}`);
  return Buffer.from(`${method} ${target} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}

/** null for no bytes. @throws Error for bytes that are no HTTP answer */
function parseAnswer(bytes: Buffer): RawAnswer | null {
  if (bytes.length === 0) return null;
  const at = bytes.indexOf('\r\n\r\n');
  const [first = '', ...lines] = bytes.subarray(0, at).toString('latin1').split('\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(first)?.[1]);
  if (at < 0 || Number.isNaN(status)) throw new Error(`no answer of HTTP: ${first.slice(0, 200)}`);
  const rest = bytes.subarray(at + 4);
  // 100 Continue comes before the answer.
  if (status === 100) return parseAnswer(rest);
  const headers = lines.map((line): readonly [string, string] => {
    const [, name, value = ''] = /^([!#$%&'*+.^_`|~A-Za-z0-9-]+): ?([\t\x20-\x7e]*)$/.exec(line) ?? [];
    if (name === undefined) throw new Error(`a header that is none: ${JSON.stringify(line)}`);
    return [name.toLowerCase(), value];
  });
  const isChunked = headers.some(([name, value]) => name === 'transfer-encoding' && value === 'chunked');
  // What follows would be the answer to bytes behind the request.
  const length = Number(headers.find(([name]) => name === 'content-length')?.[1] ?? rest.length);
  return { status, headers, body: isChunked ? unchunked(rest) : rest.subarray(0, length) };
}

function unchunked(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const line = bytes.indexOf('\r\n', at);
    const size = line < 0 ? 0 : Number.parseInt(bytes.subarray(at, line).toString('latin1'), 16);
    if (!(size > 0)) break;
    parts.push(bytes.subarray(line + 2, line + 2 + size));
    at = line + 2 + size + 2;
  }
  return Buffer.concat(parts);
}
