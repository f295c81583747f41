import { jobSchema } from '../../../schemas/jobs.ts';
import { prototypeSchema } from '../../../schemas/prototype.ts';
import { prototypesSchema } from '../../../schemas/prototypes.ts';
import { jobAnswerHeaders, jobHeadersSchema, jobProblems } from '../jobs/documentation.ts';
import { binary, problems, type Response } from '../openapi/responses.ts';

const EXAMPLES = [
  { model: 'mnist-cnn', target: 3 },
  { model: 'mnist-mlp', target: 'all', variant: 'density', steps: 200, include: ['trajectory'] },
  { model: 'mnist-cnn', target: { layer: 'conv2', channel: 4 }, objective: 'value', count: 4 },
];

const finished: Response = {
  description:
    'With `Prefer: wait=N`, if the job ends in time: the prototypes, by Accept. Pictures of several are a labelled sheet; as ' +
    'WebP the search is animated if `include` asks for that.',
  headers: jobAnswerHeaders,
  content: {
    'application/json': { schema: prototypesSchema },
    ...binary('image/png', 'image/webp', 'image/avif', 'image/jpeg', 'application/x-npy'),
  },
};

const accepted: Response = {
  description: 'The job that searches; its events tell how it goes, its result is at `/jobs/{id}/result`',
  headers: jobAnswerHeaders,
  content: { 'application/json': { schema: jobSchema } },
};

/** POST /prototype for the OpenAPI document. */
export const prototypeDocumentation = {
  operationId: 'createPrototype',
  tags: ['prototype'],
  summary: 'Search what a network finds typical',
  description:
    'Activation maximisation: an input that maximises log p(c|x), a score or the value of any unit, with a density model ' +
    'or a generator that keeps it natural where the model names one. A search is a job.',
  headers: jobHeadersSchema,
  body: { content: { 'application/json': { schema: prototypeSchema.meta({ examples: EXAMPLES }) } } },
  response: {
    200: finished,
    202: accepted,
    ...problems(400, 404, 406, 408),
    ...jobProblems(409, 413, 415, 422, 500, 503),
  },
};
