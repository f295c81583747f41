import type { FastifyBaseLogger } from 'fastify';
import { healthSchema } from '../../schemas/health.ts';
import type { HttpContext } from './context.ts';
import { json, problems } from './openapi/responses.ts';
import type { ZodApp } from './plugins/validation.ts';
import { HttpFailure } from './problem.ts';

/** Longest that a worker may take to answer a probe. */
const PATIENCE_MS = 5000;

/** GET /health/live: the process turns. GET /health/ready: a worker of each kind answers. */
export function healthRoutes(app: ZodApp, { service }: HttpContext): void {
  app.route({
    method: 'GET',
    url: '/health/live',
    config: { public: true, cost: 0 },
    schema: {
      operationId: 'live',
      tags: ['health'],
      summary: 'Whether the process turns',
      response: { 200: json('It does', healthSchema), ...problems(405) },
    },
    handler: async () => ({ status: 'live' as const }),
  });
  app.route({
    method: 'GET',
    url: '/health/ready',
    config: { public: true, cost: 0 },
    schema: {
      operationId: 'ready',
      tags: ['health'],
      summary: 'Whether the models are registered and workers answer',
      response: { 200: json('They do', healthSchema), ...problems(405, 503) },
    },
    handler: async (request) => {
      await assertAlive(service, request.log);
      return { status: 'ready' as const };
    },
  });
}

/** @throws HttpFailure `not-ready` when a worker does not answer */
export async function assertAlive(service: HttpContext['service'], log: FastifyBaseLogger): Promise<void> {
  await within(PATIENCE_MS, service.alive()).catch((error: unknown) => {
    log.warn({ err: error }, 'not ready');
    throw new HttpFailure('not-ready', `no worker answered within ${PATIENCE_MS / 1000} s`);
  });
}

async function within<Value>(ms: number, promise: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
