import cors from '@fastify/cors';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** Headers of our answers that pages may read. */
const EXPOSED = [
  'Content-Disposition',
  'Idempotency-Key',
  'Inference-Header-Content-Length',
  'Location',
  'Preference-Applied',
  'RateLimit-Limit',
  'RateLimit-Remaining',
  'RateLimit-Reset',
  'Retry-After',
  'Server-Timing',
  'X-Conservation-Error',
  'X-Prediction',
  'X-Prediction-Label',
  'X-Relevance-Sum',
  'X-Request-Id',
  'X-Score',
  'X-Target',
];

/** How long browsers remember what they may ask, in seconds. */
const PREFLIGHT_AGE_S = 600;

/** Lets pages of these origins use the service from a browser, `*` those of any; never with cookies. No origin: nobody. */
export async function allowOrigins(app: FastifyInstance, origins: readonly string[]): Promise<void> {
  if (origins.length === 0) return;
  const options = {
    origin: origins.includes('*') ? '*' : [...origins],
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'],
    exposedHeaders: EXPOSED,
    credentials: false,
    maxAge: PREFLIGHT_AGE_S,
  };
  await app.register(cors, () => async ({ headers }: FastifyRequest) => {
    // Any other OPTIONS is answered with the methods of the path.
    return { ...options, preflight: headers['access-control-request-method'] !== undefined };
  });
}
