import type { FastifyReply } from 'fastify';
import { ElucidError } from '../../../schemas/errors.ts';

/** Most answers that may be held open at a time. */
const MAX_OPEN = 1024;

/** Answers that are held open for as long as a job takes: they would hold up the stop of the service. */
export class OpenStreams {
  readonly #open = new Set<AbortController>();
  #closed = false;

  /**
   * Holds an answer open until its client has gone or the service stops: the controller aborts then.
   * @throws ElucidError `queue-full`, `stopping`
   */
  hold(reply: FastifyReply): AbortController {
    if (this.#closed) throw new ElucidError('stopping', 'the service is stopping');
    if (this.#open.size >= MAX_OPEN)
      throw new ElucidError('queue-full', `${MAX_OPEN} clients are waiting for jobs already`);
    const controller = new AbortController();
    this.#open.add(controller);
    const release = () => {
      this.#open.delete(controller);
      controller.abort();
    };
    // The client may have gone before: nothing more would be heard of it.
    if (reply.raw.closed) release();
    else reply.raw.once('close', release);
    return controller;
  }

  /** Whether the service stops. */
  get closed(): boolean {
    return this.#closed;
  }

  /** How many answers are open. */
  get size(): number {
    return this.#open.size;
  }

  /** Ends all that are open. */
  close(): void {
    this.#closed = true;
    for (const controller of this.#open) controller.abort();
  }
}
