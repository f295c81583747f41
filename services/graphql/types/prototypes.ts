import { GraphQLList, GraphQLNonNull, GraphQLObjectType, GraphQLString } from 'graphql';
import type { PrototypeRequest } from '../../../schemas/prototype.ts';
import { foundPrototypeSchema, prototypesSchema } from '../../../schemas/prototypes.ts';
import { prototypeImage, prototypesAnimation, prototypesPicture, prototypeTensor } from '../../answers/prototypes.ts';
import type { StoredPrototypes } from '../../jobs/prototype/outcome.ts';
import type { OperationContext } from '../context.ts';
import { costing } from '../limits/cost.ts';
import type { ZodTypes } from '../zodTypes.ts';
import { dataUrl, type PictureArguments, type PictureTypes, parseRender, sendPicture } from './picture.ts';

/** Prototypes as their fields are resolved from them. */
export type PrototypesSource = ReturnType<typeof prototypesSource>;
type RowSource = PrototypesSource['prototypes'][number];

export function prototypesSource(id: string, stored: StoredPrototypes, { render }: Pick<PrototypeRequest, 'render'>) {
  const { model, engine, options, rows, computeMs } = stored;
  return {
    kind: 'prototypes' as const,
    ...{ id, model, engine, options, variant: options.variant },
    prototypes: rows.map((row, n) => ({ ...row, n, stored })),
    timing_ms: { compute: Math.round(computeMs * 1000) / 1000 },
    stored,
    render,
  };
}

/** `Prototypes`: what a search has found. */
export function prototypesType(types: ZodTypes, picture: PictureTypes): GraphQLObjectType {
  const row = rowType(types);
  return new GraphQLObjectType<PrototypesSource, OperationContext>({
    ...{ name: 'Prototypes', description: prototypesSchema.description ?? null },
    fields: () => ({
      ...types.fields(prototypesSchema.omit({ prototypes: true, animation: true }), 'Prototypes'),
      prototypes: {
        type: new GraphQLNonNull(new GraphQLList(new GraphQLNonNull(row))),
        description: prototypesSchema.shape.prototypes.description ?? null,
      },
      picture: {
        ...{ type: new GraphQLNonNull(picture.type), args: picture.args },
        description: 'One prototype, or a labelled sheet of several; as WEBP the whole search, if it was included',
        ...costing({ cost: 5 }),
        resolve: ({ stored }, args, context) => drawn(stored, args as PictureArguments, context),
      },
      animation: {
        type: GraphQLString,
        description: 'The search as a data URL of an animated WebP; null where it was not included',
        ...costing({ cost: 10 }),
        resolve: async ({ stored, render }) => {
          const animation = await prototypesAnimation(stored, render);
          return animation === null ? null : dataUrl(animation, 'image/webp');
        },
      },
    }),
  });
}

function rowType(types: ZodTypes): GraphQLObjectType {
  return new GraphQLObjectType<RowSource, OperationContext>({
    name: 'Prototype',
    description: 'An input that the network finds typical',
    fields: () => {
      const { tensor, ...fields } = types.fields(foundPrototypeSchema.omit({ image: true }), 'Prototype');
      if (tensor === undefined) throw new RangeError('a prototype has a tensor');
      return {
        ...fields,
        image: {
          type: new GraphQLNonNull(GraphQLString),
          description: 'As a data URL of a PNG, one pixel per variable',
          resolve: async ({ stored, n }) => dataUrl(await prototypeImage(stored, n), 'image/png'),
        },
        tensor: {
          ...{ type: tensor.type, description: 'x*, little-endian float32' },
          resolve: ({ stored, n }) => prototypeTensor(stored, n),
        },
      };
    },
  });
}

async function drawn(stored: StoredPrototypes, { render, as }: PictureArguments, context: OperationContext) {
  const options = parseRender(render);
  const content = await prototypesPicture(stored, options, options.format);
  return sendPicture({ content, mediaType: `image/${options.format}` }, as, context);
}
