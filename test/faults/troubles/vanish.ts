import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { type Asked, json } from '../http.ts';
import { largeQuestion } from '../questions.ts';

/** Between two clients that vanish. */
const EVERY_MS = 100;

/** Rows of a request whose answer does not fit into the buffers of a socket. */
const ROWS = 256;

/** How long a client that vanishes waits for the answer to begin. */
const PATIENCE_MS = 5000;

export interface Vanished {
  midUpload: number;
  whileWaiting: number;
  midAnswer: number;
}

/** Clients that go away: while they send, while they wait, and while they read. */
export async function vanish(url: string, signal: AbortSignal): Promise<Vanished> {
  const vanished = { midUpload: 0, whileWaiting: 0, midAnswer: 0 };
  const large = await largeQuestion(ROWS);
  const upload = json('/explain', { model: 'mnist-cnn', input: { image: 'A'.repeat(200_000) } });
  while (!signal.aborted) {
    await leaveMidUpload(url, upload);
    vanished.midUpload += 1;
    await delay(EVERY_MS);
    await leaveWhileWaiting(url, large);
    vanished.whileWaiting += 1;
    await delay(EVERY_MS);
    if (await leaveMidAnswer(url, large)) vanished.midAnswer += 1;
    await delay(EVERY_MS);
  }
  return vanished;
}

async function leaveMidUpload(url: string, { path, headers = {}, body = Buffer.alloc(0) }: Asked): Promise<void> {
  const socket = await connected(url);
  await written(socket, Buffer.concat([head(path, headers, body.length), body.subarray(0, body.length / 2)]));
  socket.destroy();
}

async function leaveWhileWaiting(url: string, { path, headers = {}, body = Buffer.alloc(0) }: Asked): Promise<void> {
  const socket = await connected(url);
  await written(socket, Buffer.concat([head(path, headers, body.length), body]));
  socket.destroy();
}

/** Whether the answer began. */
async function leaveMidAnswer(url: string, { path, headers = {}, body = Buffer.alloc(0) }: Asked): Promise<boolean> {
  const socket = await connected(url);
  await written(socket, Buffer.concat([head(path, headers, body.length), body]));
  const began = await new Promise<boolean>((resolve) => {
    const timer = setTimeout(() => resolve(false), PATIENCE_MS);
    socket.once('data', () => {
      clearTimeout(timer);
      resolve(true);
    });
    socket.once('close', () => {
      clearTimeout(timer);
      resolve(false);
    });
  });
  socket.destroy();
  return began;
}

function head(path: string, headers: Readonly<Record<string, string>>, length: number): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${length}\r\n${lines.join('')}\r\n`);
}

function connected(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => resolve(socket));
    socket.once('error', reject);
    // A service may close first.
    socket.on('error', () => undefined);
  });
}

function written(socket: Socket, bytes: Buffer): Promise<void> {
  return new Promise((resolve) => socket.write(bytes, () => resolve()));
}
