import { reloadReportSchema } from '../../../schemas/models.ts';
import type { HttpContext } from '../context.ts';
import { json, problems } from '../openapi/responses.ts';
import type { ZodApp } from '../plugins/validation.ts';

/** POST /admin/models/reload. */
export function reloadRoute(app: ZodApp, { reloadModels }: HttpContext): void {
  app.route({
    method: 'POST',
    url: '/admin/models/reload',
    config: { admin: true },
    schema: {
      operationId: 'reloadModels',
      tags: ['models'],
      summary: 'Reads the folders of models again',
      description:
        'Running requests finish on the models that they began with. With an admin key; where there are no keys at all, ' +
        'from the same machine: by a loopback address, not through a proxy, not from a foreign web page.',
      response: {
        200: json('What has changed', reloadReportSchema),
        ...problems(403, 405, 500, 503),
      },
    },
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
