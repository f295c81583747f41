import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';

type OnUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
type OnConnection = (socket: Duplex) => void;

/** Headers of an offer to go on with another protocol. */
const OFFER = new Set(['upgrade', 'http2-settings', 'connection']);

/**
 * Answers requests that offer another protocol than WebSocket as the plain HTTP/1.1 requests that they are (RFC 9110,
 * section 7.8: a server may ignore the offer). Java's HttpClient and `curl --http2` make it with every request to http:// ;
 * Node takes any such offer for an upgrade as soon as anybody listens for those, and reads no body of it. To be called after
 * the listener for WebSockets was added, which sees no others from now on, and before connections are counted: one that is read
 * again is no new one.
 */
export function ignoreOtherUpgrades(server: Server): void {
  const listeners = server.listeners('upgrade') as OnUpgrade[];
  const serve = server.listeners('connection') as OnConnection[];
  server.removeAllListeners('upgrade');
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (/^websocket$/i.test(request.headers.upgrade ?? '')) {
      for (const listener of listeners) listener.call(server, request, socket, head);
      return;
    }
    // The request is read again from its beginning, without the offer.
    socket.unshift(Buffer.concat([headOf(request), head]));
    for (const listener of serve) listener.call(server, socket);
  });
}

/** The first lines of a request, as they came but for the offer. */
function headOf({ method, url, httpVersion, rawHeaders }: IncomingMessage): Buffer {
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    if (!OFFER.has(name.toLowerCase())) lines.push(`${name}: ${rawHeaders[i + 1] ?? ''}`);
  }
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}
