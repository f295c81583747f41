import type { FastifyReply, FastifyRequest } from 'fastify';
import { inferenceAnswerSchema, inferenceRequestSchema } from '../../../schemas/openInference.ts';
import { clientSignal } from '../clientSignal.ts';
import type { HttpContext } from '../context.ts';
import { binary, problems, type Response } from '../openapi/responses.ts';
import { chargeRows } from '../plugins/rateLimits.ts';
import type { ZodApp } from '../plugins/validation.ts';
import { acceptedEncoding, decodeBody, encodeBody } from '../serving/contentEncoding.ts';
import { rawBody } from '../serving/rawBodies.ts';
import { chooseOutputs, type WrittenInference, writeInference } from './answer.ts';
import { prepareInference } from './inference.ts';
import { PLACES, type PlaceParams, TAGS } from './places.ts';
import { readInference } from './requestBody.ts';
import { subjectOf } from './subject.ts';

const JSON_LENGTH = 'inference-header-content-length';

const success: Response = {
  description: 'The outputs; where some are binary, JSON and then their elements',
  headers: {
    'Inference-Header-Content-Length': { type: 'integer', description: 'Bytes of JSON, where binary data follow' },
  },
  content: {
    'application/json': { schema: inferenceAnswerSchema },
    ...binary('application/octet-stream'),
  },
};

/** POST /v2/models/{name}[/versions/{version}]/infer. */
export function inferRoutes(app: ZodApp, context: HttpContext): void {
  for (const { path, params, suffix } of PLACES) {
    app.route({
      method: 'POST',
      url: `${path}/infer`,
      schema: {
        operationId: `v2Model${suffix}Infer`,
        tags: TAGS,
        summary: 'Open Inference Protocol: predict, or explain as {model}--{method}',
        description:
          'The one input is `input`, [N, ...] as the network sees it. Outputs of a model are `prediction` and `scores`, of an ' +
          'explanation `relevance` and `prediction`. With the header `Inference-Header-Content-Length`, binary data follow ' +
          'after so many bytes of JSON, counted unpacked. `Content-Encoding` and `Accept-Encoding` may be gzip or deflate.',
        params,
        body: {
          content: {
            'application/json': { schema: inferenceRequestSchema },
            ...binary('application/octet-stream'),
          },
        },
        response: { 200: success, ...problems(400, 404, 405, 408, 413, 415, 422, 500, 503) },
      },
      handler: async (request, reply) => {
        const { name, version }: PlaceParams = request.params;
        const subject = subjectOf(name, version, context.served);
        const signal = clientSignal(reply);
        const { headers } = request;
        const body = await decodeBody(rawBody(request.body), headers['content-encoding'], bodyLimit(request));
        const read = readInference(body, one(headers[JSON_LENGTH]));
        const { names, run } = prepareInference(read, subject, context);
        const choose = chooseOutputs(read.request, names);
        const written = writeInference(
          choose(await run(signal, (rows) => chargeRows(request, rows))),
          subject,
          read.request.id,
        );
        return send(written, request, reply);
      },
    });
  }
}

async function send({ body, jsonLength }: WrittenInference, { headers }: FastifyRequest, reply: FastifyReply) {
  const encoding = acceptedEncoding(one(headers['accept-encoding']));
  reply.header('vary', 'accept-encoding');
  if (jsonLength !== null) reply.header(JSON_LENGTH, jsonLength);
  if (encoding !== null) reply.header('content-encoding', encoding);
  reply.type(jsonLength === null ? 'application/json' : 'application/octet-stream');
  return reply.send(encoding === null ? body : await encodeBody(body, encoding));
}

function bodyLimit({ routeOptions }: FastifyRequest): number {
  const { bodyLimit: limit } = routeOptions;
  if (limit === undefined) throw new RangeError('a route without a limit for bodies');
  return limit;
}

function one(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(', ') : header;
}
