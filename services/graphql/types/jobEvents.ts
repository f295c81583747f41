import { GraphQLInt, GraphQLNonNull, GraphQLObjectType, GraphQLString } from 'graphql';
import { z } from 'zod';
import { jobProgressSchema, jobSchema } from '../../../schemas/jobs.ts';
import type { JobEvent } from '../../jobs/store.ts';
import type { OperationContext } from '../context.ts';
import type { ZodTypes } from '../zodTypes.ts';
import { eventTypeEnum } from './jobs.ts';

/** An event, and whose it is. */
export interface EventSource extends JobEvent {
  readonly id: string;
}

const progressSchema = jobProgressSchema.extend({ preview: z.base64().optional() });

/** `JobEvent`: one line of a job's story. */
export function jobEventType(types: ZodTypes, job: GraphQLObjectType): GraphQLObjectType {
  const { progress } = types.fields(jobSchema, 'Job');
  if (progress === undefined) throw new RangeError('a job has progress');
  return new GraphQLObjectType<EventSource, OperationContext>({
    name: 'JobEvent',
    description: 'One line of the story of a job',
    fields: () => ({
      number: {
        type: new GraphQLNonNull(GraphQLInt),
        description: 'Rises from 1: a subscription with `after` goes on behind it',
      },
      type: { type: new GraphQLNonNull(eventTypeEnum(types)), description: 'RESULT, ERROR and CANCELLED are the last' },
      progress: { ...progress, resolve: ({ type, data }) => progressOf(type, data) },
      preview: {
        type: GraphQLString,
        description: 'Of PROGRESS, every so often: how a prototype looks by now, as a data URL of a PNG',
        resolve: ({ type, data }) => previewOf(type, data),
      },
      job: {
        type: new GraphQLNonNull(job),
        description: 'The job as it was then; of PROGRESS, as it is',
        resolve: ({ id, type, data }, _args, { jobs, principal }) =>
          type === 'progress' ? jobs.get(id, principal.owner) : jobSchema.parse(data),
      },
    }),
  });
}

function progressOf(type: JobEvent['type'], data: unknown) {
  return type === 'progress' ? progressSchema.parse(data) : jobSchema.parse(data).progress;
}

function previewOf(type: JobEvent['type'], data: unknown): string | null {
  const preview = type === 'progress' ? progressSchema.parse(data).preview : undefined;
  return preview === undefined ? null : `data:image/png;base64,${preview}`;
}
