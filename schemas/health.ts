import { z } from 'zod';

/** GET /health/live and /health/ready. */
export const healthSchema = z.object({ status: z.enum(['live', 'ready']) }).meta({ id: 'Health' });

/** GET /. */
export const welcomeSchema = z
  .object({
    name: z.string(),
    status: z.literal('alive').describe('What clients of KServe V1 ask for'),
    version: z.string(),
    documentation: z.string().describe('For people'),
    openapi: z.string().describe('For programs'),
    endpoints: z.array(z.string()),
  })
  .meta({ id: 'Welcome' });
