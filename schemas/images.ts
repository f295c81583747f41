import { z } from 'zod';

/** The id of an uploaded image, as `PUT /images` gives it. */
export const imageIdSchema = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be an imageId as PUT /images gives it')
  .describe('An image that was uploaded by PUT /images');

export const ONE_INPUT = 'needs exactly one of image, tensor, imageId';

/** Whether an input is given in one way, and no other. */
export function isOneInput(given: { image?: unknown; imageId?: unknown; tensor?: unknown }): boolean {
  return [given.image, given.imageId, given.tensor].filter((value) => value !== undefined).length === 1;
}

/** The answer of PUT /images. */
export const uploadedImageSchema = z
  .object({
    imageId: z.string().describe('Names the image in requests: the same bytes have the same one'),
    sha256: z.string().describe('Of the bytes'),
    bytes: z.int(),
    media_type: z.enum(['image/png', 'image/jpeg', 'image/webp']).describe('As the bytes say'),
    expires: z.iso.datetime().describe('When it is forgotten; uploading it again keeps it longer'),
  })
  .meta({ id: 'UploadedImage' });

export const pictureParamsSchema = z.object({
  token: z.string().describe('The last part of a link, as GraphQL gave it'),
});
