import { methodListSchema } from '../../schemas/models.ts';
import { methodList } from '../answers/methods.ts';
import { json, problems } from './openapi/responses.ts';
import type { ZodApp } from './plugins/validation.ts';

/** GET /methods. */
export function methodRoute(app: ZodApp): void {
  const list = methodList();
  app.route({
    method: 'GET',
    url: '/methods',
    schema: {
      operationId: 'listMethods',
      tags: ['explain'],
      summary: 'All explanation methods, and the JSON Schema of their options',
      response: { 200: json('All methods', methodListSchema), ...problems(405, 500) },
    },
    handler: async () => list,
  });
}
