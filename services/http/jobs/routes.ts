import { jobListQuerySchema, jobListSchema, jobParamsSchema, jobSchema } from '../../../schemas/jobs.ts';
import type { HttpContext } from '../context.ts';
import { json, problems } from '../openapi/responses.ts';
import type { ZodApp } from '../plugins/validation.ts';
import { eventsRoute } from './eventsRoute.ts';
import { resultRoute } from './resultRoute.ts';

/** GET /jobs, and GET and DELETE of one job, of its events and its result. */
export function jobRoutes(app: ZodApp, context: HttpContext): void {
  const { jobs } = context;
  app.route({
    method: 'GET',
    url: '/jobs',
    schema: {
      operationId: 'listJobs',
      tags: ['jobs'],
      summary: 'All jobs that are kept, newest first',
      querystring: jobListQuerySchema,
      response: { 200: json('A page of jobs', jobListSchema), ...problems(405, 422, 500) },
    },
    handler: async ({ query, principal: { owner } }) => jobs.list({ owner, ...query }),
  });
  app.route({
    method: 'GET',
    url: '/jobs/:id',
    schema: {
      operationId: 'getJob',
      tags: ['jobs'],
      summary: 'One job: its state and progress',
      params: jobParamsSchema,
      response: { 200: json('The job', jobSchema), ...problems(404, 405, 500) },
    },
    handler: async ({ params: { id }, principal: { owner } }) => jobs.get(id, owner),
  });
  app.route({
    method: 'DELETE',
    url: '/jobs/:id',
    schema: {
      operationId: 'cancelJob',
      tags: ['jobs'],
      summary: 'Cancel a job that is queued or running',
      params: jobParamsSchema,
      response: {
        202: json('The job; its computation ends within an iteration', jobSchema),
        ...problems(404, 405, 409, 500, 503),
      },
    },
    handler: async ({ params: { id }, principal: { owner } }, reply) =>
      reply.code(202).send(await jobs.cancel(id, owner)),
  });
  eventsRoute(app, context);
  resultRoute(app, context);
}
