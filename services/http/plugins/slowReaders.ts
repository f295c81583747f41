import type { FastifyInstance } from 'fastify';

/**
 * Cuts answers whose clients do not read them: what was written may wait for so long to be sent. Streams of events may
 * stay open, but not unread.
 */
export function cutSlowReaders(app: FastifyInstance, timeoutMs: number): void {
  app.addHook('onSend', async ({ log }, { raw }) => {
    let sent = performance.now();
    const watch = setInterval(() => {
      const now = performance.now();
      if (raw.writableLength === 0) sent = now;
      if (now - sent < timeoutMs) return;
      log.info({ waiting: raw.writableLength }, 'answer cut: its client does not read it');
      raw.destroy();
    }, timeoutMs / 4);
    watch.unref();
    raw.once('close', () => clearInterval(watch));
  });
}
