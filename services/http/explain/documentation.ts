import { explainFormSchema, explainJsonSchema } from '../../../schemas/explain.ts';
import { explanationSchema } from '../../../schemas/explanation.ts';
import { jobSchema } from '../../../schemas/jobs.ts';
import { jobAnswerHeaders, jobHeadersSchema, jobProblems } from '../jobs/documentation.ts';
import { binary, problems, type Response } from '../openapi/responses.ts';
import { FORM_EXAMPLE, REQUEST_EXAMPLES } from './examples.ts';

/** Headers of an answer that is an explanation. */
export const scoreHeaderDocs = {
  'X-Prediction': { type: 'string', description: 'Index of the predicted output' },
  'X-Prediction-Label': { type: 'string', description: 'Its label, percent-encoded' },
  'X-Target': { type: 'string', description: 'Index of the explained output' },
  'X-Score': { type: 'string', description: 'What was explained: the score before any softmax' },
  'X-Relevance-Sum': { type: 'string', description: 'Σ R over the input' },
  'X-Conservation-Error': { type: 'string', description: 'Σ R − start, for methods that decompose the score' },
  'Server-Timing': { type: 'string', description: 'Milliseconds of each step' },
} as const;

const success: Response = {
  description:
    'The explanation, by Accept: JSON, the drawn relevance, the values as a .npy file, or JSON and picture together. ' +
    'Binary answers carry the scores in headers, as comma-separated lists for a batch.',
  headers: { ...scoreHeaderDocs, ...jobAnswerHeaders },
  content: {
    'application/json': { schema: explanationSchema },
    ...binary('image/png', 'image/webp', 'image/avif', 'image/jpeg', 'application/x-npy', 'multipart/mixed'),
  },
};

const accepted: Response = {
  description: 'With `Prefer: respond-async`: the job that will give the explanation',
  headers: jobAnswerHeaders,
  content: { 'application/json': { schema: jobSchema } },
};

/** POST /explain for the OpenAPI document. */
export const explainDocumentation = {
  operationId: 'explain',
  tags: ['explain'],
  summary: 'Explain a decision',
  description:
    'A relevance for every variable of the input. A form has one file field `image`, and either one field `request` that ' +
    'holds the rest as JSON, or its fields one by one; `options`, `render` and a weighted `target` are JSON there. ' +
    'With `Prefer: respond-async` it becomes a job, whose result is this answer.',
  headers: jobHeadersSchema,
  body: {
    content: {
      'application/json': { schema: explainJsonSchema.meta({ examples: REQUEST_EXAMPLES }) },
      'multipart/form-data': { schema: explainFormSchema.meta({ examples: [FORM_EXAMPLE] }) },
    },
  },
  response: {
    200: success,
    202: accepted,
    ...problems(400, 404, 406, 408),
    ...jobProblems(409, 413, 415, 422, 500, 503),
  },
};
