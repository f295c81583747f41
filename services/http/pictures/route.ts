import { pictureParamsSchema } from '../../../schemas/images.ts';
import type { HttpContext } from '../context.ts';
import { binary, problems } from '../openapi/responses.ts';
import type { ZodApp } from '../plugins/validation.ts';

/** A picture can do nothing but be shown, anywhere, by whoever has the link. */
const HEADERS = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; sandbox",
  'cross-origin-resource-policy': 'cross-origin',
  'referrer-policy': 'no-referrer',
};

/** GET /pictures/{token}: what a signed link leads to. */
export function pictureRoute(app: ZodApp, { links }: HttpContext): void {
  app.route({
    method: 'GET',
    url: '/pictures/:token',
    config: { public: true },
    schema: {
      operationId: 'getPicture',
      tags: ['explain'],
      summary: 'A drawn picture, by a signed link that GraphQL gave',
      description: 'Needs no key and ends after ten minutes, so that a page can show it.',
      params: pictureParamsSchema,
      response: {
        200: {
          description: 'The picture',
          content: binary('image/png', 'image/webp', 'image/avif', 'image/jpeg'),
        },
        ...problems(404, 405, 500),
      },
    },
    handler: async ({ params: { token } }, reply) => {
      const { mediaType, content, expires } = await links.follow(token);
      const seconds = Math.max(0, Math.floor((expires - Date.now()) / 1000));
      return reply
        .headers({ ...HEADERS, 'cache-control': `private, max-age=${seconds}` })
        .type(mediaType)
        .send(content);
    },
  });
}
