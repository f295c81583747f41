import { Readable } from 'node:stream';
import { z } from 'zod';
import { jobEventsHeadersSchema, jobEventsQuerySchema, jobParamsSchema } from '../../../schemas/jobs.ts';
import type { Owner } from '../../access/principal.ts';
import { acceptedType } from '../../answers/acceptedType.ts';
import type { Jobs } from '../../jobs/jobs.ts';
import type { JobEvent } from '../../jobs/store.ts';
import type { HttpContext } from '../context.ts';
import { binary, problems } from '../openapi/responses.ts';
import type { ZodApp } from '../plugins/validation.ts';
import { EVENT_STREAM, eventStream, HEARTBEAT_MS, withResultLink } from './eventStream.ts';

const HEADERS = { 'cache-control': 'no-cache, no-transform', 'x-accel-buffering': 'no' };

/** GET /jobs/{id}/events. */
export function eventsRoute(app: ZodApp, { jobs, streams }: HttpContext): void {
  app.route({
    method: 'GET',
    url: '/jobs/:id/events',
    schema: {
      operationId: 'watchJob',
      tags: ['jobs'],
      summary: 'The events of a job, as they happen',
      description:
        'Server-sent events: `queued`, `running`, `progress` (with a preview picture every so often), and at the end ' +
        '`result`, `error` or `cancelled`; or `shutdown` when the service stops. The stream begins with the events that ' +
        'are kept, and goes on after the one that Last-Event-ID names.',
      params: jobParamsSchema,
      querystring: jobEventsQuerySchema,
      headers: jobEventsHeadersSchema,
      response: {
        200: { description: 'The events', content: binary(EVENT_STREAM) },
        204: z.null().describe('The last event was seen already: nothing more will come'),
        ...problems(404, 405, 406, 422, 500, 503),
      },
    },
    onRequest: async ({ headers }) => {
      acceptedType(headers.accept, [EVENT_STREAM]);
    },
    handler: async ({ params: { id }, query, headers, method, principal: { owner } }, reply) => {
      const after = headers['last-event-id'] ?? query.last_event_id ?? 0;
      // What EventSource takes as the word not to come back.
      if (await jobs.isOver(id, owner, after)) return reply.code(204).send(null);
      reply.headers(HEADERS).type(EVENT_STREAM);
      if (method === 'HEAD') return reply.send();
      const { signal } = streams.hold(reply);
      const events = linked(jobs, { id, owner }, after, signal);
      const text = eventStream(events, { heartbeatMs: HEARTBEAT_MS, stopping: () => streams.closed });
      return reply.send(Readable.from(text, { objectMode: false }));
    },
  });
}

async function* linked(
  jobs: Jobs,
  { id, owner }: { readonly id: string; readonly owner: Owner },
  after: number,
  signal: AbortSignal,
): AsyncGenerator<JobEvent, void, void> {
  for await (const event of jobs.events(id, owner, after, signal)) yield withResultLink(event, id);
}
