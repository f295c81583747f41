import Negotiator from 'negotiator';
import { welcomeSchema } from '../../schemas/health.ts';
import type { HttpContext } from './context.ts';
import { binary, json, problems } from './openapi/responses.ts';
import type { ZodApp } from './plugins/validation.ts';

const ENDPOINTS = [
  'POST /explain',
  'PUT /images',
  'GET /models',
  'GET /models/{name}',
  'GET /models/{name}/explanation.onnx',
  'GET /models/{name}/layers/{layer}/filters',
  'GET /methods',
  'GET /jobs',
  'GET /jobs/{id}',
  'GET /jobs/{id}/events',
  'GET /jobs/{id}/result',
  'DELETE /jobs/{id}',
  'GET /v1/models',
  'GET /v1/models/{name}',
  'POST /v1/models/{name}:predict',
  'POST /v1/models/{name}:explain',
  'GET /v2',
  'GET /v2/models/{name}',
  'POST /v2/models/{name}/infer',
  'POST /predictions/{name}',
  'POST /explanations/{name}',
  'POST /graphql',
  'GET /health/live',
  'GET /health/ready',
];

/** GET /: browsers are sent to the documentation, programs are told what there is. */
export function welcomeRoute(app: ZodApp, { version }: HttpContext): void {
  const welcome = {
    name: 'elucid',
    status: 'alive' as const,
    version,
    documentation: '/docs',
    openapi: '/openapi.json',
    endpoints: ENDPOINTS,
  };
  app.route({
    method: 'GET',
    url: '/',
    config: { public: true, cost: 0 },
    schema: {
      operationId: 'welcome',
      summary: 'What there is; browsers are redirected to /docs',
      tags: ['service'],
      response: {
        200: json('What there is', welcomeSchema),
        302: {
          description: 'For browsers: the documentation',
          headers: { Location: { type: 'string' } },
          content: binary('text/html'),
        },
        ...problems(405),
      },
    },
    handler: async ({ headers }, reply) => {
      const wantsPage = new Negotiator({ headers }).mediaType(['application/json', 'text/html']) === 'text/html';
      return wantsPage ? reply.redirect('/docs') : welcome;
    },
  });
}
