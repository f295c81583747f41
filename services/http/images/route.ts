import type { FastifyInstance } from 'fastify';
import { ElucidError } from '../../../schemas/errors.ts';
import { uploadedImageSchema } from '../../../schemas/images.ts';
import type { HttpContext } from '../context.ts';
import { binary, json, problems } from '../openapi/responses.ts';
import { rawBody, takeRawBodies } from '../serving/rawBodies.ts';

const BYTES = 'application/octet-stream';

/** PUT /images; encapsulated, as its body is an image of any type. */
export async function imageRoutes(plain: FastifyInstance, { uploads, config }: HttpContext): Promise<void> {
  const app = takeRawBodies(plain);
  app.route({
    method: 'PUT',
    url: '/images',
    bodyLimit: config.MAX_UPLOAD_BYTES,
    schema: {
      operationId: 'uploadImage',
      tags: ['explain'],
      summary: 'Upload an image once, to name it in many requests',
      description:
        'The body is the image itself. It is kept for an hour and belongs to who uploaded it; `input: {"imageId": ...}` of ' +
        'POST /explain, `init` of POST /prototype and GraphQL take it.',
      body: { content: binary(BYTES, 'image/png', 'image/jpeg', 'image/webp') },
      response: { 201: json('The image is kept', uploadedImageSchema), ...problems(405, 408, 413, 415, 500, 503) },
    },
    onRequest: async ({ headers }) => refuseForeignType(headers['content-type']),
    handler: async (request, reply) => {
      const file = await uploads.put(rawBody(request.body), request.principal.owner);
      const { id: imageId, sha256, bytes, mediaType: media_type, expires } = file;
      const answer = { imageId, sha256, bytes, media_type, expires: new Date(expires).toISOString() };
      return reply.code(201).send(uploadedImageSchema.parse(answer));
    },
  });
}

/** @throws ElucidError `unsupported-media-type` */
function refuseForeignType(header: string | undefined): void {
  const type = header?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (type === BYTES || type.startsWith('image/')) return;
  const received = type === '' ? 'no Content-Type' : `Content-Type: ${JSON.stringify(type.slice(0, 100))}`;
  throw new ElucidError('unsupported-media-type', `received ${received}; allowed are ${BYTES} and image/*`);
}
