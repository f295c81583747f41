import { GraphQLList, GraphQLNonNull, GraphQLObjectType, GraphQLString, GraphQLUnionType } from 'graphql';
import { JOB_EVENTS, type Job, jobSchema } from '../../../schemas/jobs.ts';
import { parsePrototype } from '../../../schemas/prototype.ts';
import { unpackExplanation } from '../../jobs/explanation/outcome.ts';
import { unpackPrototypes } from '../../jobs/prototype/outcome.ts';
import type { JobOutput } from '../../jobs/store.ts';
import type { OperationContext } from '../context.ts';
import { costing } from '../limits/cost.ts';
import type { ZodTypes } from '../zodTypes.ts';
import { type ExplanationSource, explanationSource } from './explanation.ts';
import { type PrototypesSource, prototypesSource } from './prototypes.ts';

type ResultSource = ExplanationSource | PrototypesSource;

/** How the output of each kind of job is read. */
const RESULTS: Readonly<Record<Job['kind'], (id: string, output: JobOutput) => ResultSource>> = {
  explanation: (id, output) => {
    const { explanation, batched, totalMs } = unpackExplanation(output);
    return explanationSource({ requestId: id, explanation, batched }, totalMs);
  },
  prototype: (id, output) => prototypesSource(id, unpackPrototypes(output), parsePrototype(JSON.parse(output.request))),
};

interface ResultTypes {
  readonly explanation: GraphQLObjectType;
  readonly prototypes: GraphQLObjectType;
}

/** `Job`, with its result beside it. */
export function jobType(types: ZodTypes, { explanation, prototypes }: ResultTypes): GraphQLObjectType {
  const result = new GraphQLUnionType({
    name: 'JobResult',
    description: 'What a job gave, by its kind',
    types: [explanation, prototypes],
    resolveType: ({ kind }: ResultSource) => (kind === 'explanation' ? explanation.name : prototypes.name),
  });
  return new GraphQLObjectType<Job, OperationContext>({
    name: 'Job',
    description: 'A long computation',
    fields: () => ({
      ...types.fields(jobSchema, 'Job'),
      result: {
        type: result,
        description: 'null while the job has not succeeded',
        ...costing({ cost: 2 }),
        resolve: async ({ id, kind, state }, _args, { loaders }) => {
          if (state !== 'succeeded') return null;
          const output = await loaders.outputs.load(id);
          return output === null ? null : RESULTS[kind](id, output);
        },
      },
    }),
  });
}

export function jobPageType(job: GraphQLObjectType): GraphQLObjectType {
  return new GraphQLObjectType({
    name: 'JobPage',
    description: 'Jobs, newest first',
    fields: {
      jobs: { type: new GraphQLNonNull(new GraphQLList(new GraphQLNonNull(job))) },
      next: { type: GraphQLString, description: 'The cursor of the next page; null on the last one' },
    },
  });
}

/** The type of a job's events, by its values. */
export function eventTypeEnum(types: ZodTypes) {
  return types.enum(
    JOB_EVENTS.filter((type) => type !== 'shutdown'),
    'JobEventType',
  );
}
