import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { HttpFailure } from '../problem.ts';
import { answerAndClose } from './clientErrors.ts';

/** Refusals under way at a time; further connections are closed without a word. */
const MAX_REFUSALS = 64;

/** Longest that a refused client may take to read why, in milliseconds. */
const REFUSAL_MS = 1000;

/** Answers connections beyond so many with 503, and closes them, before anything is read from them. */
export function limitConnections(server: Server, most: number): void {
  const serve = server.listeners('connection');
  let open = 0;
  server.maxConnections = most + MAX_REFUSALS;
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    open += 1;
    socket.once('close', () => {
      open -= 1;
    });
    if (open > most) refuse(socket, most);
    else for (const listener of serve) listener.call(server, socket);
  });
}

function refuse(socket: Socket, most: number): void {
  socket.on('error', () => socket.destroy());
  setTimeout(() => socket.destroy(), REFUSAL_MS).unref();
  socket.resume();
  answerAndClose(socket, new HttpFailure('too-many-connections', `${most} connections are open, which is the most`));
}
