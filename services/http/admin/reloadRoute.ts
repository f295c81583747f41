import { reloadReportSchema } from '../../../schemas/models.ts';
import type { HttpContext } from '../context.ts';
import { json, problems } from '../openapi/responses.ts';
import type { ZodApp } from '../plugins/validation.ts';
import { allowOnlyLocal } from './localOnly.ts';

/** POST /admin/models/reload. */
export function reloadRoute(app: ZodApp, { reloadModels }: HttpContext): void {
  app.route({
    method: 'POST',
    url: '/admin/models/reload',
    schema: {
      operationId: 'reloadModels',
      tags: ['models'],
      summary: 'Reads the folders of models again',
      description:
        'Running requests finish on the models that they began with. From the same machine only: by a loopback address, ' +
        'not through a proxy, not from a foreign web page.',
      response: {
        200: json('What has changed', reloadReportSchema),
        ...problems(403, 405, 500, 503),
      },
    },
    onRequest: async (request) => allowOnlyLocal(request),
    handler: async () => {
      const { added, changed, removed, unchanged, failed } = await reloadModels();
      return {
        added: [...added],
        changed: [...changed],
        removed: [...removed],
        unchanged: [...unchanged],
        failed: [...failed],
      };
    },
  });
}
