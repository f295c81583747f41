import type { FastifyInstance, FastifySchemaCompiler } from 'fastify';
import { serializerCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import type { z } from 'zod';
import { ElucidError } from '../../../schemas/errors.ts';
import { parseOrRefuse } from '../../../schemas/faults.ts';

/**
 * Validates parameters, queries and bodies by zod, with our own words for the faults, and answers by zod too. To be
 * called inside an encapsulated plugin: on the root these compilers break other plugins.
 */
export function validateByZod(app: FastifyInstance) {
  app.setValidatorCompiler<z.ZodType>(({ schema }) => validatorOf(schema));
  app.setSerializerCompiler(serializerCompiler);
  return app.withTypeProvider<ZodTypeProvider>();
}

/** For routes that read their bodies themselves: their schemas are for the documentation. */
export const validateAllButBody: FastifySchemaCompiler<z.ZodType> = ({ schema, httpPart }) =>
  httpPart === 'body' ? (value) => ({ value }) : validatorOf(schema);

function validatorOf(schema: z.ZodType) {
  return (data: unknown) => {
    try {
      return { value: parseOrRefuse(schema, data) };
    } catch (error) {
      if (error instanceof ElucidError) return { error };
      throw error;
    }
  };
}

/** A Fastify instance whose routes are described by zod. */
export type ZodApp = ReturnType<typeof validateByZod>;
