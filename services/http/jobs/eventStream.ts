import { setTimeout as delay } from 'node:timers/promises';
import type { JobEvent } from '../../jobs/store.ts';

export const EVENT_STREAM = 'text/event-stream';

/** Time after which a browser connects again when the stream was cut. */
const RETRY_MS = 2000;

/** Silence after which a comment is sent, so that nobody between takes the stream for dead. */
export const HEARTBEAT_MS = 15_000;

export interface EventStreamOptions {
  readonly heartbeatMs: number;
  /** Whether the stream was ended because the service stops. */
  readonly stopping: () => boolean;
}

/**
 * The text of a job's events, made as fast as it is read: server-sent events of the HTML standard. The number of an event
 * is its `id`; comments and `shutdown` have none, so that a client that connects again goes on behind what it has seen.
 */
export async function* eventStream(
  events: AsyncGenerator<JobEvent, void, void>,
  { heartbeatMs, stopping }: EventStreamOptions,
): AsyncGenerator<string, void, void> {
  let next = events.next();
  try {
    yield `retry: ${RETRY_MS}\n\n`;
    for (;;) {
      const result = await orSilence(next, heartbeatMs);
      if (result === null) yield ': the job goes on\n\n';
      else if (result.done === true) break;
      else {
        yield eventText(result.value);
        next = events.next();
      }
    }
    if (stopping())
      yield 'event: shutdown\ndata: {"detail":"the service is stopping; the job goes on after its next start"}\n\n';
  } finally {
    // Nobody hears any more of what is still to come.
    next.catch(() => undefined);
    await events.return();
  }
}

/** What comes, or null when nothing came for a while. */
async function orSilence<Value>(next: Promise<Value>, ms: number): Promise<Value | null> {
  const silence = new AbortController();
  try {
    return await Promise.race([next, delay(ms, null, { signal: silence.signal })]);
  } finally {
    silence.abort();
  }
}

function eventText({ number, type, data }: JobEvent): string {
  return `id: ${number}\nevent: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** An event as clients see it: the last one of a job that succeeded says where its result is. */
export function withResultLink(event: JobEvent, id: string): JobEvent {
  if (event.type !== 'result' || typeof event.data !== 'object') return event;
  return { ...event, data: { ...event.data, result: resultPath(id) } };
}

export function jobPath(id: string): string {
  return `/jobs/${encodeURIComponent(id)}`;
}

export function resultPath(id: string): string {
  return `${jobPath(id)}/result`;
}
