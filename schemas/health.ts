import { z } from 'zod';

/** GET /health/live and /health/ready. */
export const healthSchema = z.object({ status: z.enum(['live', 'ready']) }).meta({ id: 'Health' });

/** GET /. */
export const welcomeSchema = z
  .object({
    name: z.string(),
    version: z.string(),
    documentation: z.string().describe('For people'),
    openapi: z.string().describe('For programs'),
    endpoints: z.array(z.string()),
  })
  .meta({ id: 'Welcome' });
