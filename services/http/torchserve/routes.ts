import type { FastifyInstance } from 'fastify';
import type { RegisteredModel } from '../../../models/registry/registeredModel.ts';
import { ElucidError, faultAt } from '../../../schemas/errors.ts';
import { parseExplanationSettings } from '../../../schemas/explanationSettings.ts';
import {
  explanationQuerySchema,
  imageFormSchema,
  labelledValuesSchema,
  namedParamsSchema,
  nestedRelevanceSchema,
  versionedParamsSchema,
} from '../../../schemas/torchserve.ts';
import type { Prediction } from '../../compute/explanation.ts';
import { clientSignal } from '../clientSignal.ts';
import type { HttpContext } from '../context.ts';
import { scoreHeaderDocs } from '../explain/documentation.ts';
import { answerHeaders } from '../explain/scoreHeaders.ts';
import { queryOptions } from '../models/queryOptions.ts';
import { binary, json, problems } from '../openapi/responses.ts';
import { chargeRows } from '../plugins/rateLimits.ts';
import type { ZodApp } from '../plugins/validation.ts';
import { nest } from '../serving/nestedArrays.ts';
import { rawBody, takeRawBodies } from '../serving/rawBodies.ts';
import { sendJson } from '../serving/sendJson.ts';
import { formFile } from './formFile.ts';

const TAGS = ['serving'];
const FAULTS = problems(400, 404, 405, 408, 413, 415, 422, 500, 503);
const IMAGE_BODY = {
  content: {
    ...binary('application/octet-stream', 'image/png', 'image/jpeg', 'image/webp'),
    'multipart/form-data': { schema: imageFormSchema },
  },
};

const FORM = /^multipart\/form-data\b/i;

/** The paths with and without a version. Clients send files by POST or by PUT. */
const PLACES = [
  { path: '/:name', params: namedParamsSchema, suffix: '' },
  { path: '/:name/:version', params: versionedParamsSchema, suffix: 'Version' },
] as const;
const METHODS = [
  { method: 'POST', by: '' },
  { method: 'PUT', by: 'ByPut' },
] as const;

interface PlaceParams {
  readonly name: string;
  readonly version?: string;
}

/** TorchServe's inference routes; encapsulated, as their bodies are images of any type. */
export async function torchserveRoutes(plain: FastifyInstance, context: HttpContext): Promise<void> {
  const app = takeRawBodies(plain);
  predictionRoutes(app, context);
  explanationRoutes(app, context);
}

function predictionRoutes(app: ZodApp, { service, served, config }: HttpContext): void {
  for (const { path, params, suffix } of PLACES) {
    for (const { method, by } of METHODS) {
      app.route({
        method,
        url: `/predictions${path}`,
        schema: {
          operationId: `torchservePredict${suffix}${by}`,
          tags: TAGS,
          summary: 'TorchServe: predict; the body is the image, or a form with it',
          params,
          body: IMAGE_BODY,
          response: { 200: json('The five largest outputs', labelledValuesSchema), ...FAULTS },
        },
        handler: async (request, reply) => {
          const { name, version }: PlaceParams = request.params;
          const model = served.get(name, version);
          const input = await imageOf(request.body, request.headers['content-type'], model, config);
          const { items } = await service.predict({ model, input }, clientSignal(reply));
          const [item] = items;
          if (item === undefined) throw new RangeError('a prediction without items');
          return sendJson(reply, labelled(item.prediction));
        },
      });
    }
  }
}

function explanationRoutes(app: ZodApp, { service, served, config }: HttpContext): void {
  for (const { path, params, suffix } of PLACES) {
    for (const { method, by } of METHODS) {
      app.route({
        method,
        url: `/explanations${path}`,
        schema: {
          operationId: `torchserveExplain${suffix}${by}`,
          tags: TAGS,
          summary: 'TorchServe: explain; the body is the image, or a form with it',
          description: 'The scores are in headers, as in binary answers of POST /explain.',
          params,
          querystring: explanationQuerySchema,
          body: IMAGE_BODY,
          response: { 200: { ...json('The relevance', nestedRelevanceSchema), headers: scoreHeaderDocs }, ...FAULTS },
        },
        handler: async (request, reply) => {
          const { name, version }: PlaceParams = request.params;
          const model = served.get(name, version);
          const admit = (rows: number) => chargeRows(request, rows);
          const settings = parseExplanationSettings(queryOptions(request.query));
          const input = await imageOf(request.body, request.headers['content-type'], model, config);
          const explanation = await service.explain(
            { ...settings, model, input, picture: false, admit },
            clientSignal(reply),
          );
          reply.headers(answerHeaders(explanation, 'application/x-npy', reply.elapsedTime));
          const { shape, data } = explanation.relevance;
          return nest(data, shape);
        },
      });
    }
  }
}

/** @throws ElucidError `bad-body`, `too-large`, `invalid` for a bad form or a model that takes no images */
async function imageOf(
  body: unknown,
  type = '',
  { manifest: { name, input } }: RegisteredModel,
  { MAX_UPLOAD_BYTES }: HttpContext['config'],
) {
  if (input.kind !== 'image') {
    throw faultAt('invalid', '', `${name} takes tensors of shape [${input.shape.join(', ')}]; received an image`);
  }
  const bytes = FORM.test(type) ? await formFile(rawBody(body), type) : rawBody(body);
  if (bytes.length > MAX_UPLOAD_BYTES) {
    throw new ElucidError('too-large', `the image has ${bytes.length} bytes; allowed are ${MAX_UPLOAD_BYTES}`);
  }
  return { kind: 'image' as const, bytes };
}

/**
 * The largest outputs, largest first, by label, or by index where there is none or another one has it. Written as text:
 * JavaScript would sort labels that are digits.
 */
function labelled({ top }: Prediction): string {
  const names = new Set<string>();
  const pairs = top.map(({ index, label, score, probability }) => {
    const name = label === null || names.has(label) ? String(index) : label;
    names.add(name);
    return `${JSON.stringify(name)}:${JSON.stringify(probability ?? score)}`;
  });
  return `{${pairs.join(',')}}`;
}
