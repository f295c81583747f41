import type { FastifyInstance } from 'fastify';
import { ElucidError } from '../../../schemas/errors.ts';

/**
 * Lets running requests end before the app closes its connections, for a while. New requests are answered 503 meanwhile.
 * (Node itself would wait for connections that never sent anything, too, which browsers open in advance.)
 */
export function drainOnClose(app: FastifyInstance, graceMs: number): void {
  let running = 0;
  let closing = false;
  let drained: (() => void) | null = null;
  app.addHook('onRequest', async (_request, reply) => {
    if (closing) throw new ElucidError('stopping', 'the service is stopping and takes no new requests');
    running += 1;
    reply.raw.once('close', () => {
      running -= 1;
      if (running === 0) drained?.();
    });
  });
  app.addHook('preClose', async () => {
    closing = true;
    if (running === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, graceMs);
      drained = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  });
}
