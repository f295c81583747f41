import type { FastifyBaseLogger } from 'fastify';
import type { WatchEvent } from './compute/watchdog.ts';

/** Tells of workers that are replaced because they use too much memory or are frozen. */
export function logWatch(event: WatchEvent, logger: FastifyBaseLogger): void {
  const { worker, pid } = event;
  if (event.kind === 'recycling') {
    const { reason, privateBytes, limitBytes, tasks } = event;
    const facts = { worker, pid, reason, private_bytes: privateBytes, limit_bytes: limitBytes, tasks };
    logger.warn(facts, reason === 'memory' ? 'a worker uses too much memory' : 'a worker gives no sign of life');
  } else if (event.kind === 'recycled') {
    logger.info({ worker, pid, ms: Math.round(event.ms) }, 'another worker has taken its place');
  } else {
    logger.error({ worker, pid, err: event.error }, 'a worker could not be replaced');
  }
}
