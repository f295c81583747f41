import type { FastifyInstance } from 'fastify';
import { serverLiveSchema, serverMetadataSchema, serverReadySchema } from '../../../schemas/openInference.ts';
import type { HttpContext } from '../context.ts';
import { assertAlive } from '../health.ts';
import { json, problems } from '../openapi/responses.ts';
import { takeRawBodies } from '../serving/rawBodies.ts';
import { inferRoutes } from './inferRoutes.ts';
import { modelRoutes } from './modelRoutes.ts';
import { TAGS } from './places.ts';
import { repositoryRoutes } from './repositoryRoutes.ts';

/** Of the protocol, by the names of their specifications. */
const EXTENSIONS = ['binary_tensor_data', 'model_repository'];

/** The Open Inference Protocol, V2, over HTTP; encapsulated, as its bodies are bytes that may have no type. */
export async function openInferenceRoutes(plain: FastifyInstance, context: HttpContext): Promise<void> {
  const app = takeRawBodies(plain);
  app.route({
    method: 'GET',
    url: '/v2',
    schema: {
      operationId: 'v2ServerMetadata',
      tags: TAGS,
      summary: 'Open Inference Protocol: the server',
      response: { 200: json('The server', serverMetadataSchema), ...problems(405) },
    },
    handler: async () => ({ name: 'elucid', version: context.version, extensions: EXTENSIONS }),
  });
  app.route({
    method: 'GET',
    url: '/v2/health/live',
    config: { cost: 0 },
    schema: {
      operationId: 'v2Live',
      tags: TAGS,
      summary: 'Open Inference Protocol: whether the process turns',
      response: { 200: json('It does', serverLiveSchema), ...problems(405) },
    },
    handler: async () => ({ live: true as const }),
  });
  app.route({
    method: 'GET',
    url: '/v2/health/ready',
    config: { cost: 0 },
    schema: {
      operationId: 'v2Ready',
      tags: TAGS,
      summary: 'Open Inference Protocol: whether workers answer',
      response: { 200: json('They do', serverReadySchema), ...problems(405, 503) },
    },
    handler: async ({ log }) => {
      await assertAlive(context.service, log);
      return { live: true as const, ready: true as const };
    },
  });
  modelRoutes(app, context);
  inferRoutes(app, context);
  repositoryRoutes(app, context);
}
