import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';

/** A connection to the service at a URL, for what no client library would do. */
export async function connectTo(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  // The service may reset what it cuts.
  socket.on('error', () => undefined);
  return socket;
}

/** Everything that comes until the service closes the connection, and after how many milliseconds it did. */
export async function untilClosed(socket: Socket): Promise<{ readonly text: string; readonly ms: number }> {
  const started = performance.now();
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  if (!socket.closed) await once(socket, 'close');
  return { text: Buffer.concat(chunks).toString(), ms: performance.now() - started };
}

/** Sends a text a piece at a time until all is sent or the connection is closed. */
export async function trickle(socket: Socket, text: string, everyMs: number): Promise<void> {
  for (const character of text) {
    if (socket.destroyed) return;
    socket.write(character);
    await setTimeout(everyMs);
  }
}
