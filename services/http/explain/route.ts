import type { FastifyRequest } from 'fastify';
import { ElucidError } from '../../../schemas/errors.ts';
import { type ExplainRequest, parseExplainForm, parseExplainJson } from '../../../schemas/explain.ts';
import { prepareCommand } from '../../compute/explainCommand.ts';
import { explanationJobRequest } from '../../jobs/explanation/request.ts';
import { clientSignal } from '../clientSignal.ts';
import type { HttpContext } from '../context.ts';
import { readPreferences } from '../jobs/preferences.ts';
import { idempotencyKeyOf, submitJob } from '../jobs/submit.ts';
import { charge, chargeRows, JOB_COST } from '../plugins/rateLimits.ts';
import type { ZodApp } from '../plugins/validation.ts';
import { explainDocumentation } from './documentation.ts';
import { readForm } from './form.ts';
import { type ExplanationType, negotiate, pictureFormatOf } from './negotiation.ts';
import { represent } from './representations.ts';
import { answerHeaders } from './scoreHeaders.ts';

const FORM = 'multipart/form-data';
const JSON_TYPE = 'application/json';

/** POST /explain. */
export function explainRoute(app: ZodApp, context: HttpContext): void {
  const { service, registry, config } = context;
  app.route({
    method: 'POST',
    url: '/explain',
    schema: explainDocumentation,
    // Which schema counts depends on the body's type; parseExplainJson and parseExplainForm apply it.
    validatorCompiler: () => (value) => ({ value }),
    onRequest: async (request) => {
      const { headers } = request;
      negotiate(headers.accept, 'png');
      bodyTypeOf(headers['content-type']);
      idempotencyKeyOf(request);
    },
    handler: async (request, reply) => {
      const signal = clientSignal(reply);
      const parsed = await readRequest(request, context);
      const type = negotiate(request.headers.accept, parsed.render.format);
      const model = registry.get(parsed.model, parsed.version);
      const { command, batched } = prepareCommand(parsed, model, {
        drawn: isDrawn(type, parsed),
        summed: !isRead(type, parsed),
        maxRuns: config.MAX_RUNS,
      });
      if (readPreferences(request.headers.prefer).respondAsync) {
        await charge(request, JOB_COST - 1);
        const stored = explanationJobRequest(parsed, model.manifest.version);
        return submitJob(request, reply, context, { kind: 'explanation', request: stored, respondAsync: true });
      }
      const explanation = await service.explain({ ...command, admit: (rows) => chargeRows(request, rows) }, signal);
      const elapsed = () => reply.elapsedTime;
      const answered = { requestId: request.id, explanation, batched, request: parsed, elapsed };
      const { contentType, body } = await represent(answered, type);
      reply.headers(answerHeaders(explanation, type, elapsed())).header('vary', 'accept');
      return reply.type(contentType).send(body);
    },
  });
}

async function readRequest(request: FastifyRequest, { config, uploads }: HttpContext): Promise<ExplainRequest> {
  return bodyTypeOf(request.headers['content-type']) === FORM
    ? parseExplainForm(await readForm(request, config.MAX_UPLOAD_BYTES))
    : uploads.resolve(parseExplainJson(request.body), request.principal.owner);
}

function isDrawn(type: ExplanationType, { include }: ExplainRequest): boolean {
  return pictureFormatOf(type) !== null || type === 'multipart/mixed' || include.includes('image');
}

/** Whether the values of the relevance go to the client. */
function isRead(type: ExplanationType, { include }: ExplainRequest): boolean {
  if (type === 'application/x-npy') return true;
  return pictureFormatOf(type) === null && include.includes('relevance');
}

/** @throws ElucidError `unsupported-media-type` that names what is allowed */
function bodyTypeOf(header: string | undefined): typeof FORM | typeof JSON_TYPE {
  const type = header?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (type === FORM || type === JSON_TYPE) return type;
  const received = type === '' ? 'no Content-Type' : `Content-Type: ${JSON.stringify(type.slice(0, 100))}`;
  throw new ElucidError('unsupported-media-type', `received ${received}; allowed are ${FORM} and ${JSON_TYPE}`);
}
