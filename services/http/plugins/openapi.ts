import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { transformDocument, transformRoute } from '../openapi/transform.ts';

const TAGS = [
  { name: 'explain', description: 'Why this decision?' },
  { name: 'prototype', description: 'What is typical of this class?' },
  { name: 'models', description: 'The networks that can be explained' },
  { name: 'jobs', description: 'Long computations: progress, cancel, results' },
  {
    name: 'serving',
    description: 'The same by model-serving protocols: KServe V1, Open Inference Protocol V2, TorchServe',
  },
  { name: 'health', description: 'Probes' },
  { name: 'service', description: 'The service itself' },
];

/** How a key is given. */
const SECURITY = {
  bearer: { type: 'http', scheme: 'bearer', description: 'Authorization: Bearer KEY' },
  apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
} as const;

/** The name, over squares that warm up from black to white like a heat map's. */
const LOGO = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 40" height="40" role="img" aria-label="elucid">
<text x="0" y="24" font-family="sans-serif" font-size="26" font-weight="bold" fill="#fff">elucid</text>
<rect x="0" y="31" width="16" height="5" fill="#550000"/><rect x="16" y="31" width="16" height="5" fill="#ff0000"/>
<rect x="32" y="31" width="16" height="5" fill="#ff8000"/><rect x="48" y="31" width="16" height="5" fill="#ffff00"/>
<rect x="64" y="31" width="16" height="5" fill="#ffffff"/></svg>`;

/** The page loads nothing from elsewhere. (The plugin's own policy sends browsers to https, which is not there.) */
const CONTENT_POLICY =
  "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'self'; frame-ancestors 'none'";

/** Collects the routes that are added after it into an OpenAPI 3.1 document: /openapi.json, and for people /docs. */
export async function documentRoutes(app: FastifyInstance, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'elucid',
        version,
        description: 'Explains the decisions of trained neural networks: a relevance for every input variable.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: '/' }],
      tags: TAGS,
      // A service without keys asks for none.
      security: [{}, { bearer: [] }, { apiKey: [] }],
      components: { securitySchemes: SECURITY },
    },
    transform: transformRoute,
    transformObject: transformDocument,
  });
  app.addHook('onRoute', (route) => {
    if (/^\/docs(?=\/|$)/.test(route.url)) route.config = { ...route.config, public: true, cost: 0 };
  });
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: CONTENT_POLICY,
    theme: { title: 'elucid' },
    logo: { type: 'image/svg+xml', content: LOGO, href: '/docs' },
    uiConfig: { tryItOutEnabled: true, displayRequestDuration: true },
  });
}

/** GET /openapi.json: made once, when it is first asked for. */
export function openApiRoute(app: FastifyInstance): void {
  let document: string | null = null;
  app.get('/openapi.json', { schema: { hide: true }, config: { public: true, cost: 0 } }, async (_request, reply) => {
    document ??= JSON.stringify(app.swagger());
    return reply.type('application/json').send(document);
  });
}
