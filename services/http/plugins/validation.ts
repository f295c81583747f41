import type { FastifyInstance } from 'fastify';
import { serializerCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import type { z } from 'zod';
import { ElucidError } from '../../../schemas/errors.ts';
import { parseOrRefuse } from '../../../schemas/faults.ts';

/**
 * Validates parameters, queries and bodies by zod, with our own words for the faults, and answers by zod too. To be
 * called inside an encapsulated plugin: on the root these compilers break other plugins.
 */
export function validateByZod(app: FastifyInstance) {
  app.setValidatorCompiler<z.ZodType>(({ schema }) => (data) => {
    try {
      return { value: parseOrRefuse(schema, data) };
    } catch (error) {
      if (error instanceof ElucidError) return { error };
      throw error;
    }
  });
  app.setSerializerCompiler(serializerCompiler);
  return app.withTypeProvider<ZodTypeProvider>();
}

/** A Fastify instance whose routes are described by zod. */
export type ZodApp = ReturnType<typeof validateByZod>;
