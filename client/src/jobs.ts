import type { Client } from 'openapi-fetch';
import { readEvents } from './events.ts';
import { unwrap } from './problem.ts';
import type { components, paths } from './schema.ts';

export type Job = components['schemas']['Job'];

/** How a client waits for a job. */
export interface Waiting {
  /** Ends the waiting, not the job. */
  readonly signal?: AbortSignal;
  /** Hears of every progress that the job makes. */
  readonly onProgress?: (progress: unknown) => void;
}

/** How often a stream of events that was cut is opened again. */
const MAX_CUTS = 5;

/** Events after which a job has nothing more to tell. */
const LAST_EVENTS: ReadonlySet<string> = new Set(['result', 'error', 'cancelled']);

/**
 * Waits for the end of a job by its events.
 * @returns the job: as it ended, or as it is when its events were cut too often
 * @throws ProblemError
 */
export async function waitForJob(api: Client<paths>, id: string, waiting: Waiting): Promise<Job> {
  let seen: Seen = { last: null, isOver: false };
  for (let cuts = 0; cuts <= MAX_CUTS && !seen.isOver; cuts += 1) seen = await follow(api, id, seen, waiting);
  return unwrap(await api.GET('/jobs/{id}', { params: { path: { id } } }));
}

interface Seen {
  /** Number of the last event. */
  readonly last: string | null;
  readonly isOver: boolean;
}

/** Reads the events behind those that were seen, until the stream ends. */
async function follow(api: Client<paths>, id: string, seen: Seen, { signal, onProgress }: Waiting): Promise<Seen> {
  const answer = await api.GET('/jobs/{id}/events', {
    params: { path: { id }, header: seen.last === null ? {} : { 'last-event-id': seen.last } },
    parseAs: 'stream',
    ...(signal === undefined ? {} : { signal }),
  });
  if (answer.response.status === 204) return { ...seen, isOver: true };
  let { last, isOver } = seen;
  for await (const event of readEvents(unwrap(answer) as ReadableStream<Uint8Array>)) {
    last = event.id ?? last;
    if (event.type === 'progress') onProgress?.(JSON.parse(event.data));
    isOver ||= LAST_EVENTS.has(event.type);
  }
  return { last, isOver };
}
