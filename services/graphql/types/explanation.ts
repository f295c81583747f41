import { GraphQLList, GraphQLNonNull, GraphQLObjectType, GraphQLString } from 'graphql';
import { explainedItemSchema, explanationSchema, relevanceSchema } from '../../../schemas/explanation.ts';
import { type Answered, relevanceBase64, relevanceShape, roundedTimes } from '../../answers/explanation.ts';
import { drawExplanation } from '../../answers/explanationPicture.ts';
import type { Explanation } from '../../compute/explanation.ts';
import type { OperationContext } from '../context.ts';
import { costing } from '../limits/cost.ts';
import type { ZodTypes } from '../zodTypes.ts';
import { type PictureArguments, type PictureTypes, parseRender, sendPicture } from './picture.ts';

/** An explanation as its fields are resolved from it: everything but what costs time. */
export type ExplanationSource = ReturnType<typeof explanationSource>;

/** Fields that are not of one item. Pictures are drawn after the computation, each for itself. */
const wholeSchema = explanationSchema
  .pick({ id: true, model: true, engine: true, method: true, options: true, batch_size: true, cached: true })
  .extend({ timing_ms: explanationSchema.shape.timing_ms.omit({ render: true }) });

const firstItemSchema = explainedItemSchema.omit({ relevance: true });

/** @param totalMs since the request came, or that the job ran */
export function explanationSource({ requestId, explanation, batched }: Answered, totalMs: number) {
  const { relevance: _values, picture: _picture, items, timing_ms, ...facts } = explanation;
  const [first] = items;
  return {
    kind: 'explanation' as const,
    ...facts,
    ...first,
    id: requestId,
    items,
    relevance: { ...first?.relevance, shape: relevanceShape(explanation, batched), explanation },
    timing_ms: roundedTimes({ ...timing_ms, total: totalMs }),
    explanation,
  };
}

/** `Explanation`: of several items its fields are those of the first; `items` has all. */
export function explanationType(types: ZodTypes, picture: PictureTypes): GraphQLObjectType {
  const item = new GraphQLObjectType({
    ...{ name: 'ExplainedItem', description: explainedItemSchema.description ?? null },
    fields: () => types.fields(explainedItemSchema, 'ExplainedItem'),
  });
  return new GraphQLObjectType<ExplanationSource, OperationContext>({
    name: 'Explanation',
    description: 'Why a network decided as it did. Of a batch, prediction and the like are those of the first item.',
    fields: () => ({
      ...types.fields(wholeSchema, 'Explanation'),
      ...types.fields(firstItemSchema, 'ExplainedItem'),
      items: {
        type: new GraphQLNonNull(new GraphQLList(new GraphQLNonNull(item))),
        description: 'One for each item of the batch that was sent',
      },
      relevance: { type: new GraphQLNonNull(relevanceType(types)), description: 'Of every input variable' },
      picture: {
        ...{ type: new GraphQLNonNull(picture.type), args: picture.args },
        description: 'The relevance, drawn; several items as a sheet',
        ...costing({ cost: 2 }),
        resolve: ({ explanation }, args, context) => drawn(explanation, args as PictureArguments, context),
      },
    }),
  });
}

function relevanceType(types: ZodTypes): GraphQLObjectType {
  return new GraphQLObjectType<{ readonly explanation: Explanation }, OperationContext>({
    name: 'Relevance',
    description: 'Relevance values; sum, min and max are those of the first item',
    fields: () => ({
      ...types.fields(relevanceSchema.omit({ data: true }), 'Relevance'),
      data: {
        type: new GraphQLNonNull(GraphQLString),
        description: relevanceSchema.shape.data.description ?? null,
        resolve: ({ explanation }) => relevanceBase64(explanation),
      },
    }),
  });
}

async function drawn(explanation: Explanation, { render, as }: PictureArguments, context: OperationContext) {
  const { image, contentType } = drawExplanation(explanation, parseRender(render));
  return sendPicture({ content: await image.toBuffer(), mediaType: contentType }, as, context);
}
