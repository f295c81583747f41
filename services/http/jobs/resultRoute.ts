import { z } from 'zod';
import { explanationSchema } from '../../../schemas/explanation.ts';
import { jobParamsSchema } from '../../../schemas/jobs.ts';
import { prototypesSchema } from '../../../schemas/prototypes.ts';
import type { HttpContext } from '../context.ts';
import { scoreHeaderDocs } from '../explain/documentation.ts';
import { binary, problems } from '../openapi/responses.ts';
import type { ZodApp } from '../plugins/validation.ts';
import { sendResult } from './presenter.ts';

/** GET /jobs/{id}/result. */
export function resultRoute(app: ZodApp, { jobs, presenters }: HttpContext): void {
  app.route({
    method: 'GET',
    url: '/jobs/:id/result',
    schema: {
      operationId: 'getJobResult',
      tags: ['jobs'],
      summary: 'What a job gave, by Accept',
      description:
        'Written as the resource that the job came from writes it: an explanation as by POST /explain. The result of a ' +
        'failed job is the problem that it failed with, with its status.',
      params: jobParamsSchema,
      response: {
        200: {
          description: 'By Accept; default: JSON',
          headers: scoreHeaderDocs,
          content: {
            'application/json': { schema: z.union([explanationSchema, prototypesSchema]) },
            ...binary('image/png', 'image/webp', 'image/avif', 'image/jpeg', 'application/x-npy', 'multipart/mixed'),
          },
        },
        ...problems(404, 405, 406, 409, 413, 415, 422, 500, 503),
      },
    },
    handler: async (request, reply) =>
      sendResult(await jobs.output(request.params.id, request.principal.owner), presenters, request, reply),
  });
}
