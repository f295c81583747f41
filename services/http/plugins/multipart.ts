import multipart from '@fastify/multipart';
import type { FastifyInstance } from 'fastify';

/** Largest text field: a `request` with a composite of many rules. */
export const MAX_FIELD_BYTES = 1 << 20;

/**
 * Forms with an upload. Every count and size is bounded, as Fastify's `bodyLimit` does not see forms. A second file is
 * let in so that it can be refused by name; a file called `request` is text, as browsers send JSON parts as files.
 */
export async function acceptForms(app: FastifyInstance, maxUploadBytes: number): Promise<void> {
  await app.register(multipart, {
    limits: {
      fieldNameSize: 100,
      fieldSize: MAX_FIELD_BYTES,
      fields: 16,
      fileSize: maxUploadBytes,
      files: 2,
      headerPairs: 32,
      parts: 18,
    },
    throwFileSizeLimit: false,
    isPartAFile: (name, type, fileName) =>
      name !== 'request' && (type === 'application/octet-stream' || fileName !== undefined),
  });
}
