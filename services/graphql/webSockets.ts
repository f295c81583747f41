import websocket from '@fastify/websocket';
import type { FastifyInstance } from 'fastify';
import { ElucidError } from '../../schemas/errors.ts';
import { ignoreOtherUpgrades } from './plainUpgrades.ts';

export const SUBSCRIPTION_PROTOCOL = 'graphql-transport-ws';

/** Largest message: a document and its variables; nothing is uploaded here. */
const MAX_MESSAGE_BYTES = 128 * 1024;

/** Most connections. */
const MAX_SOCKETS = 512;

/** WebSockets for the whole app; to be called before anything else is added to it. */
export async function acceptWebSockets(app: FastifyInstance): Promise<void> {
  await app.register(websocket, {
    options: {
      maxPayload: MAX_MESSAGE_BYTES,
      handleProtocols: (offered) => offered.has(SUBSCRIPTION_PROTOCOL) && SUBSCRIPTION_PROTOCOL,
    },
    // The connections themselves end when the service begins to stop: see subscriptions.ts.
    preClose: (done) => {
      app.websocketServer.close();
      done();
    },
    errorHandler: (error, socket, request) => {
      request.log.info({ err: error }, 'WebSocket cut');
      socket.terminate();
    },
  });
  ignoreOtherUpgrades(app.server);
}

/** @throws ElucidError `queue-full` */
export function refuseManySockets({ websocketServer }: FastifyInstance): void {
  if (websocketServer.clients.size < MAX_SOCKETS) return;
  throw new ElucidError('queue-full', `${MAX_SOCKETS} WebSockets are open already`);
}
