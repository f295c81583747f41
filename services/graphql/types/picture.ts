import { type GraphQLFieldConfigArgumentMap, GraphQLNonNull, GraphQLObjectType } from 'graphql';
import { z } from 'zod';
import { parseOrRefuse } from '../../../schemas/faults.ts';
import { type RenderOptions, renderSchema } from '../../../schemas/render.ts';
import type { OperationContext } from '../context.ts';
import { withoutNulls } from '../withoutNulls.ts';
import type { ZodTypes } from '../zodTypes.ts';

const PICTURE_FORMS = ['data-url', 'link'] as const;

const pictureSchema = z.object({
  url: z.string().describe('A data URL, or the path of a link that needs no key and ends soon'),
  media_type: z.string(),
  bytes: z.int(),
  expires: z.iso.datetime().nullable().describe('When the link ends; null for a data URL'),
});

export type PictureSource = z.output<typeof pictureSchema>;

/** How a picture is wanted. */
export interface PictureArguments {
  readonly render?: unknown;
  readonly as: (typeof PICTURE_FORMS)[number];
}

/** What fields that draw a picture have in common. */
export interface PictureTypes {
  readonly type: GraphQLObjectType;
  readonly args: GraphQLFieldConfigArgumentMap;
}

export function pictureTypes(types: ZodTypes): PictureTypes {
  const type = new GraphQLObjectType({
    name: 'Picture',
    description: 'A drawn picture',
    fields: () => types.fields(pictureSchema, 'Picture'),
  });
  const form = types.enum(PICTURE_FORMS, 'PictureForm');
  const args = {
    render: { type: types.input(renderSchema, 'RenderInput'), description: 'How it is drawn' },
    as: {
      ...{ type: new GraphQLNonNull(form), defaultValue: 'data-url' },
      description: 'The picture itself as a data URL, or a signed link to it that ends soon',
    },
  };
  return { type, args };
}

/** @throws ElucidError `invalid` that names every fault */
export function parseRender(render: unknown): RenderOptions {
  return parseOrRefuse(renderSchema, withoutNulls(render ?? {}), ['render']);
}

/** The picture as it is wanted. @throws ElucidError `storage-full` for a link */
export async function sendPicture(
  { content, mediaType }: { readonly content: Uint8Array; readonly mediaType: string },
  as: PictureArguments['as'],
  { links, principal }: Pick<OperationContext, 'links' | 'principal'>,
): Promise<PictureSource> {
  const facts = { media_type: mediaType, bytes: content.length };
  if (as === 'data-url') return { ...facts, url: dataUrl(content, mediaType), expires: null };
  const { path, expires } = await links.link(content, mediaType, principal.owner);
  return { ...facts, url: path, expires: new Date(expires).toISOString() };
}

/** RFC 2397. */
export function dataUrl({ buffer, byteOffset, byteLength }: Uint8Array, mediaType: string): string {
  return `data:${mediaType};base64,${Buffer.from(buffer, byteOffset, byteLength).toString('base64')}`;
}
