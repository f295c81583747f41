import {
  GraphQLID,
  GraphQLInt,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
} from 'graphql';
import { explainJsonSchema } from '../../schemas/explain.ts';
import { JOB_STATES } from '../../schemas/jobs.ts';
import { prototypeSchema } from '../../schemas/prototype.ts';
import { renderSchema } from '../../schemas/render.ts';
import { methodList } from '../answers/methods.ts';
import type { OperationContext } from './context.ts';
import { costing } from './limits/cost.ts';
import { explain } from './operations/explain.ts';
import { cancelJob, createExplanationJob, createPrototype, jobEvents, listJobs, readJob } from './operations/jobs.ts';
import { explanationType } from './types/explanation.ts';
import { jobEventType } from './types/jobEvents.ts';
import { jobPageType, jobType } from './types/jobs.ts';
import { findModel, listModels, methodListType, modelType } from './types/models.ts';
import { namedTypes } from './types/named.ts';
import { pictureTypes } from './types/picture.ts';
import { prototypesType } from './types/prototypes.ts';
import type { Fields, ZodTypes } from './zodTypes.ts';

/** Models that a list is taken to have, for the cost of what is asked of each. */
const USUAL_MODELS = 10;

/** What an explanation costs, and a job: as over REST twenty times as much. */
const EXPLANATION_COST = 10;
const JOB_COST = 200;

/** Jobs of a page, if the client does not say. */
const USUAL_JOBS = 50;

/** Everything about a request for an explanation but how it is drawn: that is asked of `picture`. */
const explainInputSchema = explainJsonSchema
  .omit({ render: true, include: true })
  .describe('What is to be explained, and how: the body of POST /explain');

interface ObjectTypes {
  readonly types: ZodTypes;
  readonly model: GraphQLObjectType;
  readonly methods: GraphQLObjectType;
  readonly explanation: GraphQLObjectType;
  readonly job: GraphQLObjectType;
}

/** The GraphQL schema: types made of the zod schemas of the contract, over the services behind REST. */
export function buildGraphqlSchema(): GraphQLSchema {
  const types = namedTypes();
  const picture = pictureTypes(types);
  const explanation = explanationType(types, picture);
  const job = jobType(types, { explanation, prototypes: prototypesType(types, picture) });
  const objects = { types, explanation, job, model: modelType(types), methods: methodListType(types) };
  const root = (name: string, fields: Fields) => new GraphQLObjectType({ name, fields });
  return new GraphQLSchema({
    query: root('Query', queryFields(objects)),
    mutation: root('Mutation', mutationFields(objects)),
    subscription: root('Subscription', subscriptionFields(objects)),
  });
}

const id = { id: { type: new GraphQLNonNull(GraphQLID) } };

function queryFields({ types, model, methods, explanation, job }: ObjectTypes): Fields {
  return {
    models: {
      type: listOf(model),
      description: 'All models, by name, then highest version first',
      ...costing({ times: USUAL_MODELS }),
      resolve: (_root, _args, context) => listModels(context),
    },
    model: {
      type: new GraphQLNonNull(model),
      args: {
        name: { type: new GraphQLNonNull(GraphQLString) },
        version: { type: GraphQLString, description: 'Default: the highest' },
      },
      resolve: (_root, { name, version = null }, context) => findModel(context, name, version),
    },
    methods: { type: new GraphQLNonNull(methods), description: 'All explanation methods', resolve: () => methodList() },
    explain: {
      type: new GraphQLNonNull(explanation),
      description: 'Explains a decision',
      args: { request: { type: new GraphQLNonNull(types.input(explainInputSchema, 'ExplainInput')) } },
      ...costing({ cost: EXPLANATION_COST }),
      resolve: (_root, args, context, info) => explain(args, context, info),
    },
    job: {
      type: new GraphQLNonNull(job),
      args: id,
      resolve: (_root, args, context) => readJob(args, context),
    },
    jobs: {
      type: new GraphQLNonNull(jobPageType(job)),
      description: 'All jobs that are kept, newest first',
      args: {
        state: { type: types.enum(JOB_STATES, 'JobState'), description: 'Only jobs in this state' },
        limit: { type: new GraphQLNonNull(GraphQLInt), defaultValue: USUAL_JOBS, description: 'Most jobs of a page' },
        cursor: { type: GraphQLString, description: '`next` of the page before' },
      },
      ...costing({ times: { argument: 'limit', fallback: USUAL_JOBS } }),
      resolve: (_root, args, context) => listJobs(args, context),
    },
  };
}

function mutationFields({ types, job }: ObjectTypes): Fields {
  const idempotencyKey = {
    type: GraphQLString,
    description: 'The same key with the same request gives the same job, as long as that is kept',
  };
  return {
    createPrototype: {
      type: new GraphQLNonNull(job),
      description: 'Searches what a network finds typical',
      args: {
        request: { type: new GraphQLNonNull(types.input(prototypeSchema, 'PrototypeInput')) },
        idempotencyKey,
      },
      ...costing({ cost: JOB_COST }),
      resolve: (_root, args, context) => createPrototype(args, context),
    },
    createExplanationJob: {
      type: new GraphQLNonNull(job),
      description: 'Explains a decision as a job, however long it takes',
      args: {
        request: { type: new GraphQLNonNull(types.input(explainInputSchema, 'ExplainInput')) },
        render: {
          type: types.input(renderSchema, 'RenderInput'),
          description:
            'How it is drawn over REST; any mode but MAP keeps what the network saw for pictures of the result',
        },
        idempotencyKey,
      },
      ...costing({ cost: JOB_COST }),
      resolve: (_root, args, context) => createExplanationJob(args, context),
    },
    cancelJob: {
      type: new GraphQLNonNull(job),
      description: 'Cancels a job that is queued or running',
      args: id,
      resolve: (_root, args, context) => cancelJob(args, context),
    },
  };
}

function subscriptionFields({ types, job }: ObjectTypes): Fields {
  return {
    jobEvents: {
      type: new GraphQLNonNull(jobEventType(types, job)),
      description: 'The events of a job that are kept, then those that come; ends after RESULT, ERROR or CANCELLED',
      args: {
        ...id,
        after: {
          ...{ type: new GraphQLNonNull(GraphQLInt), defaultValue: 0 },
          description: 'Number of the last event that was seen',
        },
      },
      subscribe: (_root, args, context) => jobEvents(args, context),
      resolve: (event) => event,
    },
  };
}

function listOf(type: GraphQLObjectType<unknown, OperationContext>) {
  return new GraphQLNonNull(new GraphQLList(new GraphQLNonNull(type)));
}
