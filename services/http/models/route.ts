import { modelDetailSchema, modelListSchema, modelParamsSchema, modelQuerySchema } from '../../../schemas/models.ts';
import { modelDetail, modelSummary } from '../../answers/models.ts';
import type { HttpContext } from '../context.ts';
import { json, problems } from '../openapi/responses.ts';
import type { ZodApp } from '../plugins/validation.ts';

/** GET /models and /models/{name}. */
export function modelRoutes(app: ZodApp, { service, registry }: HttpContext): void {
  app.route({
    method: 'GET',
    url: '/models',
    schema: {
      operationId: 'listModels',
      tags: ['models'],
      summary: 'All models',
      response: {
        200: json('All models, by name, then highest version first', modelListSchema),
        ...problems(405, 500),
      },
    },
    handler: async () => ({ models: registry.list().map((entry) => modelSummary(entry, service)) }),
  });
  app.route({
    method: 'GET',
    url: '/models/:name',
    schema: {
      operationId: 'describeModel',
      tags: ['models'],
      summary: 'One model: its manifest, layers, and the methods and variants that apply',
      description: 'Loads the model and its companions if that has not happened yet.',
      params: modelParamsSchema,
      querystring: modelQuerySchema,
      response: { 200: json('The model', modelDetailSchema), ...problems(404, 405, 422, 500, 503) },
    },
    handler: async ({ params: { name }, query: { version } }) => modelDetail(service, registry, name, version),
  });
}
