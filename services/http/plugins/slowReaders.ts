import type { FastifyInstance } from 'fastify';

/** Bytes that a client must read at least within the time that it has. */
const LEAST_BYTES = 16 * 1024;

/**
 * Cuts answers whose clients do not read them: while something waits to be sent, some of it must go out within the
 * time-out. Streams may be silent for as long as they like, but not unread.
 */
export function cutSlowReaders(app: FastifyInstance, timeoutMs: number): void {
  app.addHook('onSend', async ({ log }, { raw }) => {
    // A client that left while it waited has closed its answer already, and nothing would end the watch.
    if (raw.closed || raw.req.socket.destroyed) return;
    const sentBytes = () => (raw.socket === null ? 0 : raw.socket.bytesWritten - raw.socket.writableLength);
    let last = { at: performance.now(), bytes: sentBytes() };
    const watch = setInterval(() => {
      // An answer that has to wait for those before it on its connection never closes when the client leaves.
      if (raw.req.socket.destroyed) clearInterval(watch);
      const now = { at: performance.now(), bytes: sentBytes() };
      const waits = raw.socket === null || raw.writableLength === 0;
      if (waits || now.bytes - last.bytes >= LEAST_BYTES) last = now;
      if (now.at - last.at < timeoutMs) return;
      log.info({ waiting: raw.writableLength }, 'answer cut: its client does not read it');
      raw.destroy();
    }, timeoutMs / 4);
    watch.unref();
    raw.once('close', () => clearInterval(watch));
  });
}
